extends Node
## Runs one test scenario in this process and quits with 0 if all its checks held, else with 1.
##
## [codeblock]
## godot --headless --path godot-project res://tests/run_tests.tscn -- \
##         --scenario=packets --class=ENetMultiplayerPeerRs --role=server --port=21000
## [/codeblock]
## [code]cargo xtask test[/code] starts one such process for each role of each scenario. The peer's class is an
## argument, so the same script drives the engine's own peer and ours. Other arguments: [code]--other=CLASS[/code],
## the class on the far side of scenarios that play both sides; [code]--unthreaded[/code], which turns the network
## thread off before the first peer exists; [code]--nobody=PORT[/code], where nobody listens; and
## [code]--expect=WORD[/code], read by the scenario.

const Arguments = preload("res://tests/support/arguments.gd")
const Scenario = preload("res://tests/support/scenario.gd")
const SCENARIO_PATH: String = "res://tests/scenarios/%s.gd"
const USE_NETWORK_THREAD: String = "network/enet_rs/use_network_thread"
## Headless Godot sleeps this long after each frame; its default of 6.9 ms would make the tests wait
## for nothing.
const FRAME_SLEEP_USEC: int = 1000


func _ready() -> void:
	Engine.max_fps = 0
	OS.low_processor_usage_mode_sleep_usec = FRAME_SLEEP_USEC
	var arguments: Dictionary = Arguments.all()
	if arguments.has("unthreaded"):
		ProjectSettings.set_setting(USE_NETWORK_THREAD, false)
	var scenario: Scenario = _load_scenario(arguments)
	if scenario == null:
		print("TESTS 0 passed, 1 failed")
		get_tree().quit(1)
		return
	add_child(scenario)
	# One frame, so that paths, multiplayer branches and the resolver are ready.
	await get_tree().process_frame
	await scenario.run()
	var failed: int = scenario.failed
	print("TESTS %d passed, %d failed" % [scenario.passed, failed])
	scenario.queue_free()
	await get_tree().process_frame
	get_tree().quit(0 if failed == 0 else 1)


func _load_scenario(arguments: Dictionary) -> Scenario:
	var path: String = SCENARIO_PATH % arguments.get("scenario", "")
	if not ResourceLoader.exists(path):
		print("FAIL scenario: there is no %s" % path)
		return null
	for key: String in ["class", "other"]:
		# Godot goes on without a word when an extension cannot be loaded.
		if arguments.has(key) and not ClassDB.class_exists(arguments[key]):
			print("FAIL class: %s is not registered" % arguments[key])
			return null
	var scenario: Scenario = (load(path) as GDScript).new()
	scenario.name = "Scenario"
	scenario.arguments = arguments
	return scenario
