"""What the steps of a generation job do."""
