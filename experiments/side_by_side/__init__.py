"""The model of the package beside what a person would pick instead."""
