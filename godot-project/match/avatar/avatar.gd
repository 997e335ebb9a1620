class_name Avatar
extends Node2D
## One player in the arena.
##
## Its player moves it and replicates [member place]; the server decides and replicates
## [member health] and [member score].

const RADIUS: float = 18.0
const MAX_HEALTH: int = 100
## How fast a player walks, in units per second.
const SPEED: float = 250.0
## By the player's number.
const PALETTE: Array[Color] = [
	Color("ff6b6b"), Color("4dabf7"), Color("51cf66"), Color("ffd43b"),
	Color("b197fc"), Color("ffa94d"), Color("3bc9db"), Color("f783ac"),
]

## How quickly a remote avatar glides to its replicated place, per second.
const _GLIDE: float = 22.0
## Farther than this is no walk but a new place, taken at once.
const _LONGEST_GLIDE: float = 150.0
const _BARREL_LENGTH: float = 29.0

## Where the avatar stands. Replicated by its player, so anything may arrive: what is not a place
## is dropped.
@export var place: Vector2 = Vector2.ZERO:
	set(value):
		if value.is_finite():
			place = value
@export var health: int = MAX_HEALTH
@export var score: int = 0

var player_id: int = 0
var player_name: String = ""
var color: Color = Color.WHITE
var aim: float = 0.0
## True on the side whose player moves this avatar.
var is_own: bool = false

@onready var _movement: MultiplayerSynchronizer = %Movement


func _ready() -> void:
	position = place
	is_own = multiplayer.get_unique_id() == player_id


func _process(delta: float) -> void:
	if is_own or position.distance_to(place) > _LONGEST_GLIDE:
		position = place
	else:
		position = position.lerp(place, 1.0 - exp(-_GLIDE * delta))
	queue_redraw()


func _draw() -> void:
	var strength: float = 1.0 if is_standing() else 0.25
	var barrel_end: Vector2 = Vector2.from_angle(aim) * _BARREL_LENGTH
	draw_circle(Vector2(0, 6), RADIUS, Color(0, 0, 0, 0.3 * strength), true, -1.0, true)
	draw_line(Vector2.ZERO, barrel_end, Color(color.darkened(0.35), strength), 9.0, true)
	draw_circle(Vector2.ZERO, RADIUS, Color(color.darkened(0.45), strength), true, -1.0, true)
	draw_circle(Vector2.ZERO, RADIUS - 3.0, Color(color, strength), true, -1.0, true)
	draw_circle(
			Vector2(-5, -6), 5.0, Color(color.lightened(0.45), 0.7 * strength), true, -1.0, true)
	if is_own:
		draw_arc(
				Vector2.ZERO, RADIUS + 11.0, 0.0, TAU, 48, Color(1, 1, 1, 0.35 * strength),
				1.5, true)
	var share: float = float(health) / MAX_HEALTH
	draw_arc(
			Vector2.ZERO, RADIUS + 6.0, PI / 2.0 - PI * share, PI / 2.0 + PI * share, 48,
			Color(color.lightened(0.3), 0.85 * strength), 3.0, true)
	draw_string(
			ThemeDB.fallback_font, Vector2(-70, -RADIUS - 14.0), player_name,
			HORIZONTAL_ALIGNMENT_CENTER, 140, 15, Color(0.92, 0.94, 0.98, 0.95 * strength))


## Fills a fresh avatar from what the server spawned, before it enters the tree.
func set_up(spawned: Dictionary) -> void:
	player_id = spawned["id"]
	player_name = spawned["name"]
	place = spawned["place"]
	color = PALETTE[int(spawned["number"]) % PALETTE.size()]
	name = str(player_id)
	(%Movement as MultiplayerSynchronizer).set_multiplayer_authority(player_id)


func is_standing() -> bool:
	return health > 0


## Where the barrel ends, in the arena.
func get_muzzle() -> Vector2:
	return place + Vector2.from_angle(aim) * _BARREL_LENGTH


## Walks for [param delta] seconds; only the avatar's own player calls this.
func walk(direction: Vector2, delta: float) -> void:
	if is_standing():
		place = Arena.keep_inside(place + direction.limit_length() * SPEED * delta, RADIUS)


## Ends the replication of [member place]; only the avatar's own player calls this.
func stop_replicating() -> void:
	_movement.public_visibility = false
