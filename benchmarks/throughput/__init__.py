"""How many wearers a detector and a broker serve, how soon an alert is out, and whether memory stays flat for a day."""
