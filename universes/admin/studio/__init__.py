"""The studio: the pages of one universe on which editors work. Everything that they change goes through the services."""
