"""Figures and the report: what was measured, for people to read."""
