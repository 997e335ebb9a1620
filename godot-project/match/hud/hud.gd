class_name Hud
extends Control
## The column beside the arena: who plays and how the links do, RPC counts, chat; and the outcome.

signal leave_requested
signal end_requested
signal typing_changed(is_typing: bool)

const _REFRESH_SECONDS: float = 0.25
const _NOTICE_COLOR: Color = Color("8f99b8")
const _AGREED_COLOR: Color = Color("69db7c")
const _FAULT_COLOR: Color = Color("ff8787")
const _MOST_FAULTS_SHOWN: int = 6

var _session: Session
var _since_refreshed: float = 0.0

@onready var _role: Label = %Role
@onready var _place: Label = %Place
@onready var _status: Label = %Status
@onready var _leave: Button = %Leave
@onready var _end: Button = %End
@onready var _players: StatTable = %Players
@onready var _lanes: StatTable = %Lanes
@onready var _log: RichTextLabel = %Log
@onready var _line: LineEdit = %Line
@onready var _outcome: Control = %Outcome
@onready var _outcome_standings: StatTable = %OutcomeStandings
@onready var _outcome_verdict: Label = %OutcomeVerdict
@onready var _outcome_back: Button = %OutcomeBack


func _ready() -> void:
	_leave.pressed.connect(leave_requested.emit)
	_outcome_back.pressed.connect(leave_requested.emit)
	_end.pressed.connect(end_requested.emit)
	_line.text_submitted.connect(_on_line_submitted)
	_line.focus_entered.connect(typing_changed.emit.bind(true))
	_line.focus_exited.connect(typing_changed.emit.bind(false))


func _process(delta: float) -> void:
	_since_refreshed += delta
	if _since_refreshed >= _REFRESH_SECONDS and is_visible_in_tree():
		_since_refreshed = 0.0
		_refresh_lanes()
		if not _outcome.visible:
			_refresh_players()


func _unhandled_input(event: InputEvent) -> void:
	if not is_visible_in_tree():
		return
	if event.is_action_pressed(&"chat"):
		_line.grab_focus()
		get_viewport().set_input_as_handled()


## Shows what happens in [param session] from now on.
func show_session(session: Session) -> void:
	_session = session
	session.chat.line_received.connect(_on_chat_line)
	session.combat.scored.connect(_on_scored)


## Says which side this is; only who may end the match gets a button for it.
func show_role(title: String, place: String, may_end: bool) -> void:
	_role.text = title
	_place.text = place
	_end.visible = may_end
	if is_visible_in_tree():
		get_window().title = "%s - ENetMultiplayerPeerRs demo" % title


func show_status(text: String) -> void:
	_status.text = text


## Adds a line to the log that nobody said.
func show_notice(text: String) -> void:
	_log.push_color(_NOTICE_COLOR)
	_log.add_text(text + "\n")
	_log.pop()


## Covers the arena with the final standings and whether all sides agree on them.
func show_outcome(disagreements: PackedStringArray) -> void:
	show_status("Match is over")
	var rows: Array[PackedStringArray] = []
	var dots: PackedColorArray = []
	for avatar: Avatar in _session.get_standings():
		rows.append(PackedStringArray([avatar.player_name, str(avatar.score)]))
		dots.append(avatar.color)
	_outcome_standings.show_rows(rows, dots)
	_outcome_verdict.text = _describe(disagreements)
	_outcome_verdict.add_theme_color_override(
			&"font_color", _AGREED_COLOR if disagreements.is_empty() else _FAULT_COLOR)
	_outcome.show()
	_end.hide()


func _describe(disagreements: PackedStringArray) -> String:
	if not disagreements.is_empty():
		return "The sides disagree:\n" + "\n".join(disagreements.slice(0, _MOST_FAULTS_SHOWN))
	var tally: RpcTally = _session.tally
	var arrived: int = 0
	for lane: StringName in RpcTally.LANES:
		if RpcTally.is_reliable(lane):
			arrived += RpcTally.total(tally.received, lane)
	return (
			"All sides agree: every reliable RPC has arrived (%d of them here) "
			+ "and every avatar looks the same everywhere.") % arrived


func _refresh_players() -> void:
	var rows: Array[PackedStringArray] = []
	var dots: PackedColorArray = []
	for avatar: Avatar in _session.get_standings():
		var id: int = avatar.player_id
		rows.append(PackedStringArray([
			avatar.player_name,
			str(avatar.score),
			"%.0f ms" % _session.links.get_ping_ms(id),
			"%.1f %%" % (_session.links.get_loss(id) * 100.0),
			"%.1f" % (_session.links.get_received_per_second(id) / 1000.0),
			"%.1f" % (_session.links.get_sent_per_second(id) / 1000.0),
		]))
		dots.append(avatar.color)
	_players.show_rows(rows, dots)


func _refresh_lanes() -> void:
	var rows: Array[PackedStringArray] = []
	for lane: StringName in RpcTally.LANES:
		var parts: PackedStringArray = lane.split("/")
		rows.append(PackedStringArray([
			RpcTally.PURPOSES[lane],
			parts[0].replace("_", " "),
			parts[1],
			str(RpcTally.total(_session.tally.sent, lane)),
			str(RpcTally.total(_session.tally.received, lane)),
		]))
	_lanes.show_rows(rows)


func _on_line_submitted(text: String) -> void:
	_line.clear()
	_line.release_focus()
	_session.chat.say(text)


func _on_chat_line(from_id: int, text: String) -> void:
	var avatar: Avatar = _session.get_avatar(from_id)
	_log.push_color(avatar.color if avatar != null else Color.WHITE)
	_log.add_text(avatar.player_name if avatar != null else "Server")
	_log.pop()
	_log.add_text("  %s\n" % text)


func _on_scored(shooter_id: int, target_id: int) -> void:
	var shooter: Avatar = _session.get_avatar(shooter_id)
	var target: Avatar = _session.get_avatar(target_id)
	if shooter != null and target != null:
		show_notice("%s tags %s" % [shooter.player_name, target.player_name])
