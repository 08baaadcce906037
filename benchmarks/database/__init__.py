"""What the nights cost in InfluxDB: points, bytes on disk, the writing of them, and how long the dashboards take."""
