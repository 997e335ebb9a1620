extends "res://tests/support/scenario.gd"
## One process: the pages of the editor's help say of each class what ClassDB says, leave nothing out, and
## refer to nothing that is not there; their examples run.

const HelpPage = preload("res://tests/support/help_page.gd")
const CLASSES: Array[String] = ["ENetMultiplayerPeerRs", "ENetConnectionRs", "ENetPacketPeerRs"]
## Constants of no class that the pages speak of.
const GLOBAL_CONSTANTS: Array[String] = [
	"OK",
	"FAILED",
	"ERR_UNAVAILABLE",
	"ERR_UNCONFIGURED",
	"ERR_CANT_CREATE",
	"ERR_DOES_NOT_EXIST",
	"ERR_ALREADY_IN_USE",
	"ERR_INVALID_PARAMETER",
]

## Its kind and target, or the name of a class.
const LINK: String = "\\[(?:(method|member|constant|signal|enum|param) ([^\\]]+)|([A-Z]\\w+))\\]"

## By class.
var _examples: Dictionary = {}


func run() -> void:
	for class_id: String in CLASSES:
		var page: HelpPage = HelpPage.load_page(class_id)
		if not check(page != null, "%s has a page" % class_id):
			continue
		_check_class(class_id, page)
		_check_methods(class_id, page)
		_check_members(class_id, page)
		_check_constants(class_id, page)
		_check_links(page)
		_examples[class_id] = _compiled(class_id, page.example())
	if failed == 0:
		await _run_session_example()
		await _run_echo_examples()


func _check_class(class_id: String, page: HelpPage) -> void:
	check_equal(page.name, class_id, "%s: name" % class_id)
	check_equal(page.inherits, String(ClassDB.get_parent_class(class_id)), "%s: base" % class_id)
	check(page.brief != "", "%s: brief description" % class_id)
	check(page.description != "", "%s: description" % class_id)
	check(ClassDB.class_get_signal_list(class_id, true).is_empty(), "%s: signals are inherited" % class_id)


func _check_methods(class_id: String, page: HelpPage) -> void:
	var registered: Dictionary = {}
	for method: Dictionary in ClassDB.class_get_method_list(class_id, true):
		registered[method.name] = HelpPage.signature_of(method)
	for property: Dictionary in ClassDB.class_get_property_list(class_id, true):
		# As in the engine's own pages, what reads or writes a property is described there.
		registered.erase(String(ClassDB.class_get_property_getter(class_id, property.name)))
		registered.erase(String(ClassDB.class_get_property_setter(class_id, property.name)))
	_check_entries(class_id, page.methods, registered)
	for method: String in page.methods:
		for parameter: String in page.methods[method].names:
			var text: String = page.methods[method].text
			check(text.contains("[param %s]" % parameter), "%s.%s explains %s" % [class_id, method, parameter])


func _check_members(class_id: String, page: HelpPage) -> void:
	var registered: Dictionary = {}
	for property: Dictionary in ClassDB.class_get_property_list(class_id, true):
		# The list begins with an entry that stands for the class itself.
		if property.usage & PROPERTY_USAGE_CATEGORY == 0:
			var getter: String = ClassDB.class_get_property_getter(class_id, property.name)
			registered[property.name] = "%s from %s" % [HelpPage.type_of(property), getter]
	_check_entries(class_id, page.members, registered)


func _check_constants(class_id: String, page: HelpPage) -> void:
	var registered: Dictionary = {}
	for constant: String in ClassDB.class_get_integer_constant_list(class_id, true):
		var enum_name: String = ClassDB.class_get_integer_constant_enum(class_id, constant, true)
		registered[constant] = "%s %d" % [enum_name, ClassDB.class_get_integer_constant(class_id, constant)]
	_check_entries(class_id, page.constants, registered)


## Both are signatures by name.
func _check_entries(class_id: String, described: Dictionary, registered: Dictionary) -> void:
	for entry: String in registered:
		if check(described.has(entry), "%s.%s is described" % [class_id, entry]):
			check(described[entry].text != "", "%s.%s has a text" % [class_id, entry])
			check_equal(described[entry].signature, registered[entry], "%s.%s is declared so" % [class_id, entry])
	for entry: String in described:
		check(registered.has(entry), "%s.%s is registered" % [class_id, entry])


## All that is written as a link names something that exists.
func _check_links(page: HelpPage) -> void:
	_check_links_in(page, page.brief, [])
	_check_links_in(page, page.description, [])
	for method: String in page.methods:
		_check_links_in(page, page.methods[method].text, page.methods[method].names)
	for entries: Dictionary in [page.members, page.constants]:
		for entry: String in entries:
			_check_links_in(page, entries[entry].text, [])


func _check_links_in(page: HelpPage, text: String, parameters: Array) -> void:
	var link := RegEx.create_from_string(LINK)
	for found: RegExMatch in link.search_all(_without_example(text)):
		var kind: String = found.get_string(1)
		var target: String = found.get_string(2)
		var there: bool = false
		if kind == "":
			there = ClassDB.class_exists(found.get_string(3))
		elif kind == "param":
			there = target in parameters
		else:
			var dot: int = target.find(".")
			var class_id: String = page.name if dot == -1 else target.left(dot)
			there = _has_target(kind, class_id, target.substr(dot + 1))
		check(there, "%s: %s leads somewhere" % [page.name, found.get_string()])


func _has_target(kind: String, class_id: String, target: String) -> bool:
	match kind:
		"method":
			return ClassDB.class_has_method(class_id, target)
		"signal":
			return ClassDB.class_has_signal(class_id, target)
		"enum":
			return ClassDB.class_has_enum(class_id, target)
		"constant":
			return ClassDB.class_has_integer_constant(class_id, target) or target in GLOBAL_CONSTANTS
	if class_id == "ProjectSettings":
		return ProjectSettings.has_setting(target)
	return ClassDB.class_get_property_list(class_id).any(
		func(property: Dictionary) -> bool: return property.name == target
	)


## An index in an example looks like a link.
func _without_example(text: String) -> String:
	return text.get_slice("[codeblock]", 0) + text.get_slice("[/codeblock]", 1)


func _compiled(class_id: String, source: String) -> GDScript:
	var script := GDScript.new()
	script.source_code = source
	check(source != "" and script.reload() == OK, "%s: the example compiles" % class_id)
	return script


func _run_session_example() -> void:
	var greeted: Array = []
	var games: Array[Node] = []
	for side: String in ["Hosting", "Joining"]:
		var branch := Node.new()
		branch.name = side
		add_child(branch)
		get_tree().set_multiplayer(SceneMultiplayer.new(), branch.get_path())
		var game: Node = _examples[CLASSES[0]].new()
		game.name = "Game"
		branch.add_child(game)
		game.connect("greeted", func(by: int, text: String) -> void: greeted.append([side, by, text]))
		games.append(game)
	check_equal(games[0].call("host_game", port), OK, "the example hosts a game")
	check_equal(games[1].call("join_game", LOCALHOST, port), OK, "the example joins a game")
	if await until(func() -> bool: return greeted.size() == 2, "the examples greet each other"):
		var id: int = games[1].multiplayer.get_unique_id()
		check(["Hosting", id, "Hello, 1!"] in greeted, "the server is greeted", str(greeted))
		check(["Joining", 1, "Hello, %d!" % id] in greeted, "the client is greeted", str(greeted))
	for game: Node in games:
		game.multiplayer.multiplayer_peer.close()
		game.multiplayer.multiplayer_peer = null
		game.get_parent().queue_free()


func _run_echo_examples() -> void:
	var echo: Node = _examples[CLASSES[1]].new()
	var caller: Node = _examples[CLASSES[2]].new()
	add_child(echo)
	add_child(caller)
	check_equal(echo.call("start_echo", port), OK, "the example listens")
	check_equal(caller.call("start", LOCALHOST, port), OK, "the example calls")
	await until(func() -> bool: return caller.get("answer") == "hello", "the answer is what was said")
	await until(func() -> bool: return not caller.is_processing(), "the example leaves")
	var peers: Callable = func() -> int: return echo.get("connection").get_peers().size()
	await until(func() -> bool: return peers.call() == 0, "the echo is alone again")
	echo.queue_free()
	caller.queue_free()
