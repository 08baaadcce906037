"""The local page: the state at night, buttons to answer with, the nights, and the diary. It never talks to a broker."""
