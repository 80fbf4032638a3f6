"""The whole installation as one file: rows and media of one moment, checked before anything is believed of it."""
