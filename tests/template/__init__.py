"""The template: generated in every way that users do, and what comes out of it."""
