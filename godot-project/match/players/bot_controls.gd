class_name BotControls
extends PlayerControls
## A scripted player: circles the arena, fires at whom it sees, and talks now and then.

const _LINES: PackedStringArray = [
	"good luck!", "nice shot", "behind the pillar!", "who is winning?", "almost had you",
	"wait for me", "that was close", "one more round?",
]
const _TURN_SECONDS: float = 1.4
const _LINE_SECONDS: float = 2.3

var _random := RandomNumberGenerator.new()
var _goal: Vector2 = Arena.SIZE / 2.0
var _until_turn: float = 0.0
var _until_line: float = 0.0


func _init(seed_text: String = "") -> void:
	_random.seed = seed_text.hash()
	_until_line = _random.randf_range(0.3, 1.2)


func update(avatar: Avatar, delta: float) -> void:
	_until_turn -= delta
	if _until_turn <= 0.0 or avatar.place.distance_to(_goal) < 30.0:
		_until_turn = _TURN_SECONDS
		_goal = Vector2(
				_random.randf_range(60.0, Arena.SIZE.x - 60.0),
				_random.randf_range(60.0, Arena.SIZE.y - 60.0))
	direction = avatar.place.direction_to(_goal)
	var target: Avatar = _find_target(avatar)
	is_firing = target != null
	var wanted: float = (target.place - avatar.place if target else direction).angle()
	aim = rotate_toward(aim, wanted + _random.randf_range(-0.08, 0.08), 9.0 * delta)
	_until_line -= delta
	if _until_line <= 0.0:
		_until_line = _LINE_SECONDS * _random.randf_range(0.7, 1.5)
		speak(_LINES[_random.randi() % _LINES.size()])


func _find_target(avatar: Avatar) -> Avatar:
	var nearest: Avatar = null
	for other: Avatar in session.get_avatars():
		if other == avatar or not other.is_standing():
			continue
		if (nearest == null or avatar.place.distance_squared_to(other.place)
				< avatar.place.distance_squared_to(nearest.place)):
			nearest = other
	return nearest
