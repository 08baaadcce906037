"""How right the detector is: fixed simulated nights, other rules beside it, and the page that tells the result."""
