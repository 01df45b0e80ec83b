"""The published language: what the rooms tell each other, one module a room, frozen Structs only."""
