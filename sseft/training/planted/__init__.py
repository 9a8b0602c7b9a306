"""What planted clips alone allow: encoders from nothing, and maskings whose label is known."""
