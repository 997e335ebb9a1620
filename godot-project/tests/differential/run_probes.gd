extends Node
## Runs probes of one file in this process, and tells on standard error what each step of them observed.
##
## [codeblock]
## godot --headless --path godot-project res://tests/differential/run_probes.tscn -- \
##         --file=arguments --probes=mp_create_mesh,mp_set_bind_ip --suffix=Rs
## [/codeblock]
## [code]--suffix=[/code] is what the names of the classes end with: nothing for the engine's own.
## [code]--unthreaded[/code] turns our network thread off. [code]cargo xtask differential[/code] starts such processes
## and compares what they tell.

const Arguments = preload("res://tests/support/arguments.gd")
const Probe = preload("res://tests/differential/support/probe.gd")
const PROBE_PATH: String = "res://tests/differential/probes/%s.gd"
const PROBE_MARK: String = "[probe] "
const END_MARK: String = "[end]"
const USE_NETWORK_THREAD: String = "network/enet_rs/use_network_thread"


func _ready() -> void:
	Engine.max_fps = 0
	OS.low_processor_usage_mode_sleep_usec = 1000
	var arguments: Dictionary = Arguments.all()
	if arguments.has("unthreaded"):
		ProjectSettings.set_setting(USE_NETWORK_THREAD, false)
	# One frame, so that paths, multiplayer branches and the resolver are ready.
	await get_tree().process_frame
	var script: GDScript = load(PROBE_PATH % arguments.get("file", ""))
	for probe_name: String in (arguments.get("probes", "") as String).split(",", false):
		await _run_probe(script, probe_name, arguments.get("suffix", ""))
	print("PROBES DONE")
	get_tree().quit()


func _run_probe(script: GDScript, probe_name: String, suffix: String) -> void:
	var probe: Probe = script.new()
	probe.peer_class = "ENetMultiplayerPeer" + suffix
	probe.connection_class = "ENetConnection" + suffix
	probe.packet_peer_class = "ENetPacketPeer" + suffix
	probe.name = "Probe"
	add_child(probe)
	printerr(PROBE_MARK + probe_name)
	@warning_ignore("redundant_await")
	await probe.call(probe_name)
	probe.unwatch()
	printerr(END_MARK)
	remove_child(probe)
	probe.free()
