"""KPIs: classified time into cells, cells into days and months, and what screens read of them.

`engine` classifies whole stretches at once with numpy, as `domain.time_model` defines it for one
machine (a property test holds the two together); `refresh` keeps the roll-ups up to date.
"""
