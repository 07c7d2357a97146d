"""What Dossier does in a second, each against a yardstick that is measured in the same minute."""
