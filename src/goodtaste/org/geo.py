"""Pure geography: how far it is, and the two datums of a Chinese map.

Phones and mini-programs in China speak GCJ-02, browsers and the rest of the world WGS-84; within China they lie some 500 m apart.
"""

from __future__ import annotations

from math import asin, cos, pi, radians, sin, sqrt

EARTH_M = 6_371_008.8  # mean radius (IUGG)
_A = 6_378_245.0  # Krassovsky 1940, on which GCJ-02 rests
_EE = 0.00669342162296594323
_ROUNDS = 5  # each makes the error of the inverse some hundred times smaller

Point = tuple[float, float]
"""Latitude and longitude in degrees."""


def distance_m(a: Point, b: Point) -> int:
    """Return the distance of two points of one datum in metres, on a sphere (haversine; wrong by at most 0.6 %)."""
    (lat_a, lon_a), (lat_b, lon_b) = ((radians(x), radians(y)) for x, y in (a, b))
    h = sin((lat_b - lat_a) / 2) ** 2 + cos(lat_a) * cos(lat_b) * sin((lon_b - lon_a) / 2) ** 2
    return round(2 * EARTH_M * asin(min(1.0, sqrt(h))))


def to_gcj02(wgs: Point) -> Point:
    """Return the GCJ-02 coordinates of a WGS-84 point; outside China they are the same."""
    lat, lon = wgs
    if not _in_china(lat, lon):
        return wgs
    d_lat, d_lon = _offset(lat, lon)
    return lat + d_lat, lon + d_lon


def to_wgs84(gcj: Point) -> Point:
    """Return the WGS-84 coordinates of a GCJ-02 point, to within a few centimetres."""
    lat, lon = gcj
    if not _in_china(lat, lon):
        return gcj
    for _ in range(_ROUNDS):
        there = to_gcj02((lat, lon))
        lat, lon = lat + gcj[0] - there[0], lon + gcj[1] - there[1]
    return lat, lon


def _in_china(lat: float, lon: float) -> bool:
    """Tell whether a point lies in the rectangle in which the offset applies."""
    return 0.8293 < lat < 55.8271 and 72.004 < lon < 137.8347


def _offset(lat: float, lon: float) -> Point:
    """Return by how many degrees GCJ-02 moves a point: the published polynomial with its waves."""
    x, y = lon - 105.0, lat - 35.0
    shared = 20 * sin(6 * x * pi) + 20 * sin(2 * x * pi)
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x))
    north += (shared + _waves(y, 20, 40) + 160 * sin(y / 12 * pi) + 320 * sin(y * pi / 30)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x))
    east += (shared + _waves(x, 20, 40) + 150 * sin(x / 12 * pi) + 300 * sin(x / 30 * pi)) * 2 / 3
    flat = 1 - _EE * sin(radians(lat)) ** 2
    to_north = north * 180 / (_A * (1 - _EE) / (flat * sqrt(flat)) * pi)
    return to_north, east * 180 / (_A / sqrt(flat) * cos(radians(lat)) * pi)


def _waves(z: float, a: float, b: float) -> float:
    return a * sin(z * pi) + b * sin(z / 3 * pi)
