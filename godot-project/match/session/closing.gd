class_name Closing
extends Node
## Ends a match so that all sides can say exactly what they agree on.
##
## [codeblock lang=text]
## server   stop ->                  nobody sends any more
## client   <- what I sent, where my avatar stands
## server   what everybody sent and the final states ->
##          each side waits until it has received and sees all of that
## client   <- what I received, what I see
## server   what does not agree (nothing, if all went well) ->
## server   leave ->                 to one client after the other, so the rest sees it go
## [/codeblock]

signal stopped
signal concluded(disagreements: PackedStringArray)
signal dismissed

enum Phase { PLAYING, STOPPED, SETTLING, WAITING, CONCLUDED }

## How long a side waits to receive and see all there is; what is missing then is a disagreement.
const _SETTLE_PATIENCE: float = 8.0
## How long the server waits for the reports of all others. Longer, so that a side that has
## lost something is still heard.
const _REPORT_PATIENCE: float = 12.0

@export var session: Session

var _phase: Phase = Phase.PLAYING:
	set(value):
		_phase = value
		_elapsed = 0.0
## Seconds in this phase.
var _elapsed: float = 0.0
var _participants: PackedInt32Array = []
## Id to what that side sent and received: lane to peer id to count.
var _sent_by: Dictionary = {}
var _received_by: Dictionary = {}
## Id to what that side sees: id to place, health and score.
var _seen_by: Dictionary = {}
var _final_places: Dictionary = {}
var _final_states: Dictionary = {}
var _to_dismiss: Array[int] = []


func _process(delta: float) -> void:
	_elapsed += delta
	var is_server: bool = multiplayer.is_server()
	match _phase:
		Phase.STOPPED:
			if is_server and (_has_all(_sent_by) or _elapsed >= _REPORT_PATIENCE):
				_announce_totals()
		Phase.SETTLING:
			if _is_settled() or _elapsed >= _SETTLE_PATIENCE:
				_settle()
		Phase.WAITING:
			if is_server and (_has_all(_received_by) or _elapsed >= _REPORT_PATIENCE):
				_give_verdict()


## Server: ends play for everyone and starts the exchange.
func begin() -> void:
	if _phase != Phase.PLAYING:
		return
	_participants = multiplayer.get_peers()
	_stop.rpc()
	_enter_stopped()
	_sent_by[multiplayer.get_unique_id()] = session.tally.sent


## Server: sends the clients away one by one, each after the one before has gone.
func dismiss_all() -> void:
	_to_dismiss.assign(_participants)
	dismiss_next()


## Server: asks the next client to leave. Returns false if there is none left.
func dismiss_next() -> bool:
	while not _to_dismiss.is_empty():
		var id: int = _to_dismiss.pop_front()
		if multiplayer.get_peers().has(id):
			_dismiss.rpc_id(id)
			return true
	return false


func has_begun() -> bool:
	return _phase != Phase.PLAYING


func is_concluded() -> bool:
	return _phase == Phase.CONCLUDED


func _enter_stopped() -> void:
	_phase = Phase.STOPPED
	session.running = false
	stopped.emit()


func _announce_totals() -> void:
	_final_states = session.get_states()
	for id: int in _final_places:
		if _final_states.has(id):
			_final_states[id][0] = _final_places[id]
	_show_totals.rpc(_sent_by, _final_states)
	_phase = Phase.SETTLING


func _is_settled() -> bool:
	var id: int = multiplayer.get_unique_id()
	return (
			MatchAudit.find_missing(id, _sent_by, session.tally.received).is_empty()
			and MatchAudit.compare_states(
					id, _present_states(), session.get_states()).is_empty())


func _settle() -> void:
	_phase = Phase.WAITING
	var id: int = multiplayer.get_unique_id()
	if multiplayer.is_server():
		_received_by[id] = session.tally.received
		_seen_by[id] = session.get_states()
	else:
		_report_received.rpc_id(
				MultiplayerPeer.TARGET_PEER_SERVER, session.tally.received, session.get_states())


func _give_verdict() -> void:
	var disagreements: PackedStringArray = []
	for id: int in _participants:
		if not _received_by.has(id):
			disagreements.append("%d left or fell silent before the end" % id)
	disagreements.append_array(MatchAudit.compare_counts(_sent_by, _received_by))
	for id: int in _seen_by:
		disagreements.append_array(
				MatchAudit.compare_states(id, _present_states(), _seen_by[id]))
	_conclude.rpc(disagreements)
	_enter_concluded(disagreements)


func _enter_concluded(disagreements: PackedStringArray) -> void:
	_phase = Phase.CONCLUDED
	concluded.emit(disagreements)


## The final states without those of players who have left since.
func _present_states() -> Dictionary:
	var present: PackedInt32Array = multiplayer.get_peers()
	present.append(multiplayer.get_unique_id())
	var states: Dictionary = {}
	for id: int in _final_states:
		if present.has(id):
			states[id] = _final_states[id]
	return states


## True once every participant that is still here has an entry in [param reports].
func _has_all(reports: Dictionary) -> bool:
	var present: PackedInt32Array = multiplayer.get_peers()
	for id: int in _participants:
		if present.has(id) and not reports.has(id):
			return false
	return true


## True if the sender of this RPC takes part and has not filled [param reports] yet.
func _may_report(reports: Dictionary) -> bool:
	var id: int = multiplayer.get_remote_sender_id()
	return multiplayer.is_server() and _participants.has(id) and not reports.has(id)


@rpc("authority", "call_remote", "reliable")
func _stop() -> void:
	_enter_stopped()
	var avatar: Avatar = session.get_avatar(multiplayer.get_unique_id())
	_report_sent.rpc_id(
			MultiplayerPeer.TARGET_PEER_SERVER, session.tally.sent,
			avatar.place if avatar != null else Vector2.ZERO)


@rpc("any_peer", "call_remote", "reliable")
func _report_sent(sent: Dictionary, place: Vector2) -> void:
	if _may_report(_sent_by):
		_sent_by[multiplayer.get_remote_sender_id()] = sent
		_final_places[multiplayer.get_remote_sender_id()] = place


@rpc("authority", "call_remote", "reliable")
func _show_totals(sent_by: Dictionary, final_states: Dictionary) -> void:
	_sent_by = sent_by
	_final_states = final_states
	_phase = Phase.SETTLING


@rpc("any_peer", "call_remote", "reliable")
func _report_received(received: Dictionary, seen: Dictionary) -> void:
	if _may_report(_received_by):
		_received_by[multiplayer.get_remote_sender_id()] = received
		_seen_by[multiplayer.get_remote_sender_id()] = seen


@rpc("authority", "call_remote", "reliable")
func _conclude(disagreements: PackedStringArray) -> void:
	_enter_concluded(disagreements)


@rpc("authority", "call_remote", "reliable")
func _dismiss() -> void:
	dismissed.emit()
