"""Figures that back what the documentation claims; each compares two things in one run."""
