"""The pages of ``docs/``: what they show runs, and what they say of us is so."""
