extends Logger
## Keeps the error lines of the engine, and runs a script at each.

## Called with each line.
var hook: Callable

var _mutex := Mutex.new()
var _lines: PackedStringArray = []


func lines() -> PackedStringArray:
	_mutex.lock()
	var copy: PackedStringArray = _lines.duplicate()
	_mutex.unlock()
	return copy


func has_line_with(part: String) -> bool:
	for line: String in lines():
		if line.contains(part):
			return true
	return false


func forget() -> void:
	_mutex.lock()
	_lines.clear()
	_mutex.unlock()


func _log_error(
		_function: String,
		_file: String,
		_line: int,
		code: String,
		rationale: String,
		_editor_notify: bool,
		_error_type: int,
		_script_backtraces: Array[ScriptBacktrace],
) -> void:
	var text: String = "%s %s" % [code, rationale]
	_mutex.lock()
	_lines.append(text)
	_mutex.unlock()
	if hook.is_valid():
		hook.call(text)
