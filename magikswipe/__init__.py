"""MagikSwipe: universes for children, made with AI models and published to Supabase."""

__version__ = "0.1.0"
