class_name HumanControls
extends PlayerControls
## Keyboard and mouse.

## True while the keys belong to the chat.
var is_typing: bool = false


func update(avatar: Avatar, _delta: float) -> void:
	direction = Vector2.ZERO
	is_firing = false
	var to_mouse: Vector2 = session.get_local_mouse_position() - avatar.place
	if to_mouse != Vector2.ZERO:
		aim = to_mouse.angle()
	if is_typing:
		return
	direction = Input.get_vector(&"move_left", &"move_right", &"move_up", &"move_down")
	is_firing = Input.is_action_pressed(&"fire") and _is_mouse_in_arena()


func _is_mouse_in_arena() -> bool:
	return Rect2(Vector2.ZERO, Arena.SIZE).has_point(session.get_local_mouse_position())
