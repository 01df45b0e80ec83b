"""The first screen of the diner's page, drawn by the house from what is true now, before any script has run."""
