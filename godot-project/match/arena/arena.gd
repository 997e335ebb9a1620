class_name Arena
extends Node2D
## The field: its size, its pillars, what a shot meets, and how it looks.

const SIZE: Vector2 = Vector2(880, 688)
const SHOT_RANGE: float = 1200.0

const _FLOOR: Color = Color("1b1f2b")
const _GRID: Color = Color("232838")
const _EDGE: Color = Color("3c4660")
const _PILLAR: Color = Color("2e3549")
const _PILLAR_TOP: Color = Color("39425b")
const _GRID_STEP: float = 44.0
## Centre and radius of each pillar.
const _PILLARS: Array[Vector3] = [
	Vector3(440, 344, 58),
	Vector3(210, 180, 34),
	Vector3(670, 180, 34),
	Vector3(210, 508, 34),
	Vector3(670, 508, 34),
	Vector3(440, 96, 22),
	Vector3(440, 592, 22),
]
const _SPAWN_PLACES: Array[Vector2] = [
	Vector2(90, 90), Vector2(790, 598), Vector2(790, 90), Vector2(90, 598),
	Vector2(320, 344), Vector2(560, 344), Vector2(440, 200), Vector2(440, 488),
]


func _draw() -> void:
	var floor_box := StyleBoxFlat.new()
	floor_box.bg_color = _FLOOR
	floor_box.border_color = _EDGE
	floor_box.set_border_width_all(2)
	floor_box.set_corner_radius_all(12)
	draw_style_box(floor_box, Rect2(Vector2.ZERO, SIZE))
	for column: int in range(1, ceili(SIZE.x / _GRID_STEP)):
		draw_line(Vector2(column * _GRID_STEP, 2), Vector2(column * _GRID_STEP, SIZE.y - 2), _GRID)
	for row: int in range(1, ceili(SIZE.y / _GRID_STEP)):
		draw_line(Vector2(2, row * _GRID_STEP), Vector2(SIZE.x - 2, row * _GRID_STEP), _GRID)
	for place: Vector2 in _SPAWN_PLACES:
		draw_circle(place, 26.0, _GRID, false, 2.0, true)
	for pillar: Vector3 in _PILLARS:
		var centre := Vector2(pillar.x, pillar.y)
		draw_circle(centre + Vector2(0, 7), pillar.z, Color(0, 0, 0, 0.28), true, -1.0, true)
		draw_circle(centre, pillar.z, _PILLAR, true, -1.0, true)
		draw_circle(centre - Vector2(0, 4), pillar.z - 6.0, _PILLAR_TOP, true, -1.0, true)


## Where a player of this number (from 0) enters.
static func spawn_place(number: int) -> Vector2:
	return _SPAWN_PLACES[number % _SPAWN_PLACES.size()]


## The nearest place to [param place] that a disc of [param radius] may stand on.
static func keep_inside(place: Vector2, radius: float) -> Vector2:
	var allowed: Vector2 = place
	for pillar: Vector3 in _PILLARS:
		var centre := Vector2(pillar.x, pillar.y)
		var reach: float = pillar.z + radius
		if allowed.distance_squared_to(centre) < reach * reach:
			var outward: Vector2 = centre.direction_to(allowed)
			allowed = centre + (Vector2.UP if outward == Vector2.ZERO else outward) * reach
	var margin := Vector2(radius, radius)
	return allowed.clamp(margin, SIZE - margin)


## Where a shot from [param origin] at [param angle] ends if no player is in its way.
static func shot_end(origin: Vector2, angle: float) -> Vector2:
	var direction := Vector2.from_angle(angle)
	var reach: float = SHOT_RANGE
	for axis: int in 2:
		if absf(direction[axis]) > 0.0001:
			var wall: float = SIZE[axis] if direction[axis] > 0.0 else 0.0
			reach = minf(reach, maxf((wall - origin[axis]) / direction[axis], 0.0))
	var end: Vector2 = origin + direction * reach
	for pillar: Vector3 in _PILLARS:
		var share: float = Geometry2D.segment_intersects_circle(
				origin, end, Vector2(pillar.x, pillar.y), pillar.z)
		if share >= 0.0:
			end = origin.lerp(end, share)
	return end
