"""The studio: the pages of one universe on which editors work. What they change goes through the services."""
