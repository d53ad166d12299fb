"""The objects of videos, and their store on disk."""
