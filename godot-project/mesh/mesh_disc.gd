class_name MeshDisc
extends Node2D
## A player of a mesh in the arena.

## How quickly a disc glides to where it was last heard to be, per second.
const _GLIDE: float = 18.0

## Where the player is.
var place: Vector2
var player_name: String
var color: Color
var is_own: bool


func _init(number: int, named: String, own: bool) -> void:
	place = Arena.spawn_place(number)
	color = Avatar.PALETTE[number % Avatar.PALETTE.size()]
	player_name = named
	is_own = own
	position = place


func _process(delta: float) -> void:
	position = place if is_own else position.lerp(place, 1.0 - exp(-_GLIDE * delta))
	queue_redraw()


func _draw() -> void:
	draw_circle(Vector2(0, 6), Avatar.RADIUS, Color(0, 0, 0, 0.3), true, -1.0, true)
	draw_circle(Vector2.ZERO, Avatar.RADIUS, color.darkened(0.45), true, -1.0, true)
	draw_circle(Vector2.ZERO, Avatar.RADIUS - 3.0, color, true, -1.0, true)
	if is_own:
		draw_arc(Vector2.ZERO, Avatar.RADIUS + 6.0, 0.0, TAU, 48, Color(1, 1, 1, 0.5), 1.5, true)
	draw_string(
			ThemeDB.fallback_font, Vector2(-70, -Avatar.RADIUS - 10.0), player_name,
			HORIZONTAL_ALIGNMENT_CENTER, 140, 15, Color(0.92, 0.94, 0.98, 0.95))
