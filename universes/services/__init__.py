"""All reading and writing of universes, cards and songs; every interface calls these."""
