from sqlalchemy import insert, select

from data.store import tables as t
from data.store.database import Database
from data.store.predictions import put_to_consider
from domain.clock import HOUR, MINUTE, wall_us
from domain.evidence import Evidence, Payload, alternatives_from_json
from domain.messages import MaintenanceOrder, Requisition, Reservation
from services.policy.file import DEFAULT
from services.queries.trends import top_metrics
from services.recommend import Effect, Recommender
from services.score.considering import consider_due
from tests.kits.policies import in_force
from tests.services.decide.plant import CNC_11, CNC_12, MODEL, SITE, VERSION, Plant

T0 = wall_us()


def test_a_high_risk_opens_a_case_with_orders_for_mes_and_stock(
    plant: Plant, recommender: Recommender
) -> None:
    considered = recommender.consider(plant.predict(0.85))
    assert considered.effect is Effect.OPENED
    case = plant.case(considered.case_id)
    assert (case["state"], case["version"], case["number"], case["cause"]) == ("proposed", 1, 1001, "bearing")
    assert case["proposed_by"] == f"{MODEL} {VERSION}"
    order, reservation = plant.commands(case["case_id"])
    assert (order["queue"], reservation["queue"]) == ("mes.line-1", "erp.stock")
    work, part = Payload.from_json(order["payload"]).work, Payload.from_json(reservation["payload"]).work
    assert isinstance(work, MaintenanceOrder) and work.equipment_id == CNC_11 and work.duration_s == 10_800
    assert isinstance(part, Reservation) and part.quantity == 1 and part.needed_us == work.start_us
    assert {order["state"], reservation["state"]} == {"proposed"}
    assert plant.outbox() == []


def test_the_words_name_what_contributed_and_what_speaks_against(
    plant: Plant, recommender: Recommender
) -> None:
    recommender.consider(plant.predict(0.85))
    evidence = Evidence.from_json(plant.case()["evidence"])
    assert (
        "85 of 100" in evidence.words and "contributed" in evidence.words and "caused" not in evidence.words
    )
    assert evidence.main_metric == "envelope_high"
    assert any("Load" in text and "-8" in text for text in evidence.against)
    assert evidence.limits == ("Half of the failures give no sign.",)
    assert round(sum(m.points for m in evidence.moved) + 100 * (evidence.base or 0)) == 85
    assert Evidence.from_json(evidence.to_json()) == evidence


def test_what_would_change_the_advice_is_the_model_s_own_figure_or_nothing(
    plant: Plant, recommender: Recommender
) -> None:
    recommender.consider(plant.predict(0.7, at_us=T0))
    assert Evidence.from_json(plant.case()["evidence"]).would_change == ()
    second = plant.predict(0.95, at_us=T0 + 30 * MINUTE)
    changed = {"changed_metric": "envelope_high", "changed_probability": 0.23}
    with plant.database.write() as tx:
        tx.execute(t.explanations.update().where(t.explanations.c.prediction_id == second).values(changed))
    recommender.consider(second)
    (said,) = Evidence.from_json(plant.case()["evidence"]).would_change
    assert said.endswith(", the model gives about 23 of 100, computed anew.")
    assert "back at the usual 2" in said


def test_sensors_that_are_taken_together_are_named_together_and_the_first_one_s_value_told(
    plant: Plant, recommender: Recommender
) -> None:
    prediction = plant.predict(0.85, metric="current+speed")
    with plant.database.read() as tx:
        assert top_metrics(tx, prediction, 1) == ("current", "speed")
    recommender.consider(prediction)
    evidence = Evidence.from_json(plant.case()["evidence"])
    assert "motor current and speed, " in evidence.words
    assert ": motor current 4.20 A, where 2.00 A is usual" in evidence.words
    assert evidence.main_metric == "current"
    assert not any("Only one sensor" in said for said in evidence.against)


def test_one_open_case_per_machine_newer_evidence_raises_the_version(
    plant: Plant, recommender: Recommender
) -> None:
    recommender.consider(plant.predict(0.7, at_us=T0))
    again = recommender.consider(plant.predict(0.95, at_us=T0 + 30 * MINUTE))
    assert again.effect is Effect.JOINED
    cases = plant.rows(select(t.cases))
    assert [(c["version"], Evidence.from_json(c["evidence"]).probability) for c in cases] == [(2, 0.95)]
    assert len(plant.commands(cases[0]["case_id"])) == 2


def test_newer_data_that_say_the_same_refresh_the_case_and_leave_the_version(
    plant: Plant, recommender: Recommender
) -> None:
    recommender.consider(plant.predict(0.85, at_us=T0))
    before = plant.case()
    same = recommender.consider(plant.predict(0.86, at_us=T0 + 30 * MINUTE))
    after = plant.case()
    assert same.effect is Effect.CONFIRMED
    assert (after["version"], after["evidence_hash"]) == (before["version"], before["evidence_hash"])
    assert after["evidence_us"] == T0 + 30 * MINUTE


def test_the_same_prediction_twice_changes_nothing(plant: Plant, recommender: Recommender) -> None:
    prediction = plant.predict(0.85)
    recommender.consider(prediction)
    assert recommender.consider(prediction).effect is Effect.NOTHING
    assert len(plant.rows(select(t.cases))) == 1


def test_another_cause_by_other_sensors_moves_the_case_along(
    plant: Plant, database: Database, recommender: Recommender
) -> None:
    with database.write() as tx:
        row = {
            "machine_type": "cnc",
            "cause": "leak",
            "part_id": "P2",
            "task": "Replace seals",
            "skill": "fitter",
        }
        tx.execute(insert(t.parts_of_machines).values(**row, duration_s=7_200, inspect_s=1_800))
    recommender.consider(plant.predict(0.85, at_us=T0))
    recommender.consider(plant.predict(0.85, at_us=T0 + 30 * MINUTE, metric="pressure"))
    cases = plant.rows(select(t.cases))
    assert [(c["cause"], c["open_key"]) for c in cases] == [("leak", f"{CNC_11}|leak")]


def test_low_risk_and_cheap_waiting_open_nothing(plant: Plant, recommender: Recommender) -> None:
    assert recommender.consider(plant.predict(0.05)).effect is Effect.NOTHING
    cheap = recommender.consider(plant.predict(0.08, unit=CNC_12, above=True))
    assert cheap.effect is Effect.NOTHING and "waiting costs less" in cheap.why
    assert plant.rows(select(t.cases)) == []


def test_a_shift_gets_only_so_many_new_cases_and_the_dearest_ones(
    plant: Plant, recommender: Recommender
) -> None:
    in_force(plant.database, DEFAULT.read_text().replace("cases_per_shift: 12", "cases_per_shift: 1"))
    low = recommender.consider(plant.predict(0.4, unit=CNC_12))
    high = recommender.consider(plant.predict(0.97))
    assert (low.effect, high.effect) == (Effect.OPENED, Effect.OPENED)
    replaced = plant.case(low.case_id)
    assert replaced["state"] == "withdrawn" and "More valuable advice" in replaced["reason"]
    again = recommender.consider(plant.predict(0.4, unit=CNC_12, at_us=wall_us() + 30 * MINUTE))
    assert again.effect is Effect.QUIET and "as many new cases" in again.why
    plant.age(str(high.case_id), state="seen", benefit_cents=1)  # what somebody reads is not taken away
    assert (
        recommender.consider(plant.predict(0.97, unit=CNC_12, at_us=wall_us() + HOUR)).effect is Effect.QUIET
    )


def test_the_dearest_of_a_moment_opens_and_nothing_is_withdrawn_for_it(
    plant: Plant, recommender: Recommender
) -> None:
    in_force(plant.database, DEFAULT.read_text().replace("cases_per_shift: 12", "cases_per_shift: 1"))
    at = wall_us()
    low = plant.predict(0.4, unit=CNC_12, at_us=at)
    high, calm = plant.predict(0.97, at_us=at), plant.predict(0.05, unit=CNC_12, at_us=at - HOUR)
    worth = [recommender.worth(one) for one in (low, high, calm)]
    assert worth[2] is None and 0 < worth[0] < worth[1]
    with plant.database.write() as tx:
        put_to_consider(tx, [{"prediction_id": one, "at_us": at} for one in (low, high)])
    assert consider_due(plant.database, recommender.consider, recommender.worth) == 2
    (case,) = plant.rows(select(t.cases))
    assert (case["equipment_id"], case["state"], case["benefit_cents"]) == (CNC_11, "proposed", worth[1])
    assert recommender.worth(high) is None  # its case is open


def test_what_expires_says_what_happens_then(plant: Plant, recommender: Recommender) -> None:
    case_id = str(recommender.consider(plant.predict(0.85)).case_id)
    recommender.expire_due(SITE, plant.case(case_id)["deadline_us"])
    (entry,) = plant.rows(select(t.audit.c.detail).where(t.audit.c.action == "expired without a decision"))
    assert "the limit alarm and the plant's own rules stay in force" in entry["detail"]


def test_advice_is_withdrawn_only_after_three_calm_predictions(
    plant: Plant, recommender: Recommender
) -> None:
    recommender.consider(plant.predict(0.85, at_us=T0))
    effects = [
        recommender.consider(plant.predict(p, at_us=T0 + (n + 1) * 30 * MINUTE)).effect
        for n, p in enumerate((0.1, 0.1, 0.1))
    ]
    assert effects == [Effect.NOTHING, Effect.NOTHING, Effect.WITHDRAWN]
    case = plant.case()
    assert (case["state"], case["open_key"]) == ("withdrawn", None)
    assert "10 of 100" in case["reason"]
    assert {c["state"] for c in plant.commands(case["case_id"])} == {"cancelled"}


def test_maintenance_meanwhile_withdraws_at_once(
    plant: Plant, database: Database, recommender: Recommender
) -> None:
    recommender.consider(plant.predict(0.85, at_us=T0))
    with database.write() as tx:
        tx.execute(
            insert(t.maintenance).values(
                instance="line-1", maintenance_id="m1", equipment_id=CNC_11, kind="corrective", status="done",
                planned_us=T0, start_us=T0 + MINUTE, end_us=T0 + HOUR, updated_us=T0 + HOUR,
            )
        )  # fmt: skip
    assert (
        recommender.consider(plant.predict(status="not_known", at_us=T0 + 2 * HOUR)).effect
        is Effect.WITHDRAWN
    )


def test_a_case_expires_at_its_deadline_and_stays_quiet_unless_the_risk_rises(
    plant: Plant, recommender: Recommender
) -> None:
    recommender.consider(plant.predict(0.7, at_us=T0))
    deadline = plant.case()["deadline_us"]
    assert recommender.expire_due(SITE, deadline - 1) == 0
    assert recommender.expire_due(SITE, deadline) == 1
    assert recommender.expire_due(SITE, deadline + 1) == 0
    assert recommender.consider(plant.predict(0.72, at_us=deadline + MINUTE)).effect is Effect.QUIET
    assert recommender.consider(plant.predict(0.9, at_us=deadline + 30 * MINUTE)).effect is Effect.OPENED


def test_without_a_part_in_stock_procurement_is_asked_and_the_machine_is_not_stopped_before(
    plant: Plant, recommender: Recommender
) -> None:
    plant.set_stock(0)
    recommender.consider(plant.predict(0.97))
    case = plant.case()
    by_key = {a.key: a for a in alternatives_from_json(case["alternatives"])}
    assert not by_key["now"].fits and "not in stock" in by_key["now"].why_not
    arrival = by_key["when_part_arrives"]
    assert arrival.fits and (arrival.start_us or 0) >= case["opened_us"] + 3 * 24 * HOUR
    assert by_key[case["advised"]].fits


def test_the_requisition_comes_first_and_the_order_waits_for_it(plant: Plant, database: Database) -> None:
    plant.set_stock(0)
    from services.planning import planned
    from services.situation import prediction_at

    with database.read() as tx:
        plan = planned(tx, prediction_at(tx, _predict(plant)), T0, 1)
    choice = next(a for a in plan.advice.alternatives if a.key == "when_part_arrives")
    order, requisition = plan.commands(choice)
    assert (requisition.queue, order.depends_on) == ("erp.procurement", requisition.position)
    assert isinstance(requisition.work, Requisition)


def _predict(plant: Plant) -> str:
    return plant.predict(0.97, at_us=T0)


def test_a_model_in_shadow_opens_nothing(plant: Plant, database: Database, recommender: Recommender) -> None:
    with database.write() as tx:
        tx.execute(t.model_versions.update().values(stage="shadow"))
    assert recommender.consider(plant.predict(0.9)).effect is Effect.NOTHING


def test_stated_rates_of_the_nearest_level_count(
    plant: Plant, database: Database, recommender: Recommender
) -> None:
    rates = {
        "downtime_cents_per_hour": 90_000, "labour_cents_per_hour": 6_000, "unplanned_factor": 3.0,
        "call_out_s": 3_600, "collateral_cents": 0, "emergency_delivery_s": 86_400, "alarm_catches": 0.2,
        "alarm_lead_s": 3_600, "inspection_finds": 0.9,
        "inspection_misleads": 0.1,
    }  # fmt: skip
    with database.write() as tx:
        tx.execute(insert(t.cost_rates).values(equipment_id=SITE, **rates))
    recommender.consider(plant.predict(0.9))
    assert any(
        "stated for this plant" in text and "900" in text
        for text in Evidence.from_json(plant.case()["evidence"]).assumptions
    )


def test_an_inspection_that_found_wear_leaves_inspecting_out(
    plant: Plant, database: Database, recommender: Recommender
) -> None:
    recommender.consider(plant.predict(0.5, at_us=T0))
    case = plant.case()
    assert [c["kind"] for c in plant.commands(case["case_id"])] == ["inspection_order"]
    plant.age(case["case_id"], state="judged", open_key=None, closed_us=T0 + HOUR, decided_by="x")
    outcome = {
        "case_id": case["case_id"],
        "finding": "degraded",
        "cause": "bearing",
        "reported_by": "mes.line-1",
    }
    with database.write() as tx:
        tx.execute(insert(t.outcomes).values(**outcome, at_us=T0 + HOUR, reported_wall_us=T0))
    recommender.consider(plant.predict(0.5, at_us=T0 + 2 * HOUR))
    follow = plant.case()
    assert follow["number"] == case["number"] + 1
    keys = {a.key for a in alternatives_from_json(follow["alternatives"])}
    assert "inspect_first" not in keys
    evidence = Evidence.from_json(follow["evidence"])
    assert [s.ended for s in evidence.similar] == ["was worn"]
    assert evidence.similar_words == ("1 of 1: was worn",)


def test_advice_that_nobody_took_is_judged_by_what_the_mes_reports(
    plant: Plant, database: Database, recommender: Recommender
) -> None:
    recommender.consider(plant.predict(0.7, at_us=T0))
    recommender.expire_due(SITE, T0 + 9 * HOUR)
    assert recommender.judge_untaken() == 0
    row = {
        "instance": "line-1",
        "equipment_id": CNC_11,
        "kind": "corrective",
        "status": "done",
        "planned_us": T0,
    }
    with database.write() as tx:
        for n, (hours, finding) in enumerate(((-1, "degraded"), (12, "failed"), (30, "nothing_found"))):
            at = T0 + hours * HOUR
            tx.execute(
                insert(t.maintenance).values(
                    **row, maintenance_id=f"m{n}", start_us=at, end_us=at, finding=finding, cause="bearing",
                    updated_us=at,
                )
            )  # fmt: skip
    assert recommender.judge_untaken() == 1
    assert recommender.judge_untaken() == 0
    assert plant.case()["state"] == "judged"
    (outcome,) = plant.rows(select(t.outcomes))
    assert (outcome["finding"], outcome["reported_by"]) == ("failed", "mes.line-1")


def test_advice_never_exceeds_what_the_data_carry(plant: Plant, recommender: Recommender) -> None:
    with plant.database.write() as tx:
        tx.execute(t.model_versions.update().values(card='{"data":{"failures":500,"simulated":true}}'))
        tx.execute(t.sites.update().values(virtual=False))
    considered = recommender.consider(plant.predict(0.85))
    assert considered.effect is Effect.NOTHING
    assert "the data do not carry this advice yet" in considered.why
    with plant.database.write() as tx:
        tx.execute(t.sites.update().values(virtual=True))
    assert recommender.consider(plant.predict(0.85)).effect is Effect.OPENED
