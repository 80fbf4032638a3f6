"""What one can do with universes, cards and songs; every interface calls these."""
