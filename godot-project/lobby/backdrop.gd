extends Control
## Discs that drift over the start screen.

const _COLORS: Array[Color] = [
	Color("ff6b6b"), Color("4dabf7"), Color("51cf66"), Color("ffd43b"), Color("b197fc"),
]
const _COUNT: int = 14

var _seconds: float = 0.0


func _process(delta: float) -> void:
	_seconds += delta
	queue_redraw()


func _draw() -> void:
	for number: int in _COUNT:
		var phase: float = number * 2.4
		var centre := Vector2(
				size.x * (0.5 + 0.47 * sin(_seconds * 0.05 + phase * 1.7)),
				size.y * (0.5 + 0.45 * cos(_seconds * 0.07 + phase)))
		var color: Color = _COLORS[number % _COLORS.size()]
		var radius: float = 14.0 + 9.0 * (number % 4)
		draw_circle(centre, radius, Color(color, 0.1), true, -1.0, true)
		draw_circle(centre, radius, Color(color, 0.28), false, 2.0, true)
