class_name StatTable
extends Control
## A small table of text: first column to the left, the others to the right.

const _ROW_HEIGHT: float = 23.0
const _FONT_SIZE: int = 14
const _HEADING_COLOR: Color = Color("8f99b8")
const _TEXT_COLOR: Color = Color("d9deed")
const _DOT_RADIUS: float = 5.0

@export var headings: PackedStringArray = []
## Width of each column in pixels; the first takes what is left over.
@export var widths: PackedFloat32Array = []

var _rows: Array[PackedStringArray] = []
var _dots: PackedColorArray = []


## Shows these rows; [param dots] gives each a coloured mark if it is not empty.
func show_rows(rows: Array[PackedStringArray], dots: PackedColorArray = []) -> void:
	_rows = rows
	_dots = dots
	custom_minimum_size.y = _ROW_HEIGHT * (rows.size() + 1)
	queue_redraw()


func _draw() -> void:
	_draw_row(0, headings, _HEADING_COLOR)
	for number: int in _rows.size():
		_draw_row(number + 1, _rows[number], _TEXT_COLOR)
		if number < _dots.size():
			var centre := Vector2(_DOT_RADIUS, _ROW_HEIGHT * (number + 1.5))
			draw_circle(centre, _DOT_RADIUS, _dots[number], true, -1.0, true)


func _draw_row(number: int, cells: PackedStringArray, color: Color) -> void:
	var font: Font = get_theme_default_font()
	var baseline: float = _ROW_HEIGHT * number + _ROW_HEIGHT * 0.72
	var right: float = size.x
	for column: int in range(cells.size() - 1, 0, -1):
		right -= widths[column]
		draw_string(
				font, Vector2(right, baseline), cells[column],
				HORIZONTAL_ALIGNMENT_RIGHT, widths[column], _FONT_SIZE, color)
	var indent: float = _DOT_RADIUS * 2.0 + 8.0 if not _dots.is_empty() else 0.0
	draw_string(
			font, Vector2(indent, baseline), cells[0],
			HORIZONTAL_ALIGNMENT_LEFT, right - indent, _FONT_SIZE, color)
