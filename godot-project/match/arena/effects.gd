class_name Effects
extends Node2D
## Short-lived drawings: tracers of shots, sparks where one landed, floating words.

const _TRACER_SECONDS: float = 0.22
const _SPARK_SECONDS: float = 0.45
const _WORD_SECONDS: float = 0.9
const _SPARKS_PER_HIT: int = 12

var _tracers: Array[Tracer] = []
var _sparks: Array[Spark] = []
var _words: Array[Word] = []


func _process(delta: float) -> void:
	if _tracers.is_empty() and _sparks.is_empty() and _words.is_empty():
		return
	for tracer: Tracer in _tracers:
		tracer.age += delta
	for spark: Spark in _sparks:
		spark.age += delta
		spark.place += spark.velocity * delta
		spark.velocity *= exp(-delta * 4.0)
	for word: Word in _words:
		word.age += delta
		word.place.y -= 34.0 * delta
	_tracers = _tracers.filter(func(t: Tracer) -> bool: return t.age < _TRACER_SECONDS)
	_sparks = _sparks.filter(func(s: Spark) -> bool: return s.age < _SPARK_SECONDS)
	_words = _words.filter(func(w: Word) -> bool: return w.age < _WORD_SECONDS)
	queue_redraw()


func _draw() -> void:
	for tracer: Tracer in _tracers:
		var left: float = 1.0 - tracer.age / _TRACER_SECONDS
		draw_line(tracer.from, tracer.to, Color(tracer.color, 0.25 * left), 8.0, true)
		draw_line(tracer.from, tracer.to, Color(tracer.color.lightened(0.5), left), 2.5, true)
	for spark: Spark in _sparks:
		var left: float = 1.0 - spark.age / _SPARK_SECONDS
		draw_circle(spark.place, 1.0 + 3.0 * left, Color(spark.color, left), true, -1.0, true)
	for word: Word in _words:
		var left: float = 1.0 - word.age / _WORD_SECONDS
		draw_string(
				ThemeDB.fallback_font, word.place - Vector2(60, 0), word.text,
				HORIZONTAL_ALIGNMENT_CENTER, 120, 16, Color(word.color, left))


func show_tracer(from: Vector2, to: Vector2, color: Color) -> void:
	var tracer := Tracer.new()
	tracer.from = from
	tracer.to = to
	tracer.color = color
	_tracers.append(tracer)


func show_hit(place: Vector2, color: Color) -> void:
	for number: int in _SPARKS_PER_HIT:
		var spark := Spark.new()
		spark.place = place
		spark.velocity = Vector2.from_angle(randf() * TAU) * randf_range(60.0, 260.0)
		spark.color = color
		_sparks.append(spark)


func show_word(place: Vector2, text: String, color: Color) -> void:
	var word := Word.new()
	word.place = place
	word.text = text
	word.color = color
	_words.append(word)


class Tracer:
	extends RefCounted

	var from: Vector2
	var to: Vector2
	var color: Color
	var age: float = 0.0


class Spark:
	extends RefCounted

	var place: Vector2
	var velocity: Vector2
	var color: Color
	var age: float = 0.0


class Word:
	extends RefCounted

	var place: Vector2
	var text: String
	var color: Color
	var age: float = 0.0
