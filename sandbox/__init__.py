"""A small local server that speaks the wire protocols of Replicate and Supabase, for demos and tests."""
