"""The desk: all that a screen gets. A screen is `render(desk)`; it reads by queries and acts by commands."""

from dataclasses import dataclass

from auth.permissions import Actor, Permission
from domain.clock import Clock
from services.commands.accounts import AccountCommands
from services.commands.alarms import AlarmCommands
from services.commands.calendars import CalendarCommands
from services.commands.care import CareCommands
from services.commands.cases import CaseCommands
from services.commands.charts import ChartCommands
from services.commands.drafts import DraftCommands
from services.commands.energy import EnergyCommands
from services.commands.explanations import ExplanationCommands
from services.commands.figures import FigureCommands
from services.commands.handover import HandoverCommands
from services.commands.intake import IntakeCommands
from services.commands.model_watch import ModelWatchCommands
from services.commands.models import ModelCommands
from services.commands.outcomes import OutcomeCommands
from services.commands.pictures import PictureCommands
from services.commands.plant import PlantCommands
from services.commands.policy import PolicyCommands
from services.commands.process import ProcessCommands
from services.commands.reports import ReportCommands
from services.commands.reviews import ReviewCommands
from services.commands.roster import RosterCommands
from services.commands.second_factor import SecondFactorCommands
from services.commands.stopping import StopCommands
from services.commands.stops import MachineStopCommands
from services.context import Context
from services.queries.admin import AdminQueries
from services.queries.alarm_limits import AlarmLimitQueries
from services.queries.alarms import AlarmQueries
from services.queries.booked import BookedQueries
from services.queries.calendars import CalendarQueries
from services.queries.data_quality import DataQualityQueries
from services.queries.decide import DecideQueries
from services.queries.energy import EnergyQueries
from services.queries.floor import FloorQueries
from services.queries.intake import IntakeQueries
from services.queries.kpi import KpiQueries
from services.queries.lots import LotQueries
from services.queries.model_watch import ModelWatchQueries
from services.queries.models import ModelQueries
from services.queries.oddities import OddityQueries
from services.queries.outcomes import OutcomeQueries
from services.queries.oversight import OversightQueries
from services.queries.patterns import PatternQueries
from services.queries.pictures import PictureQueries
from services.queries.plant import PlantQueries
from services.queries.policy import PolicyQueries
from services.queries.predict import PredictQueries
from services.queries.process import ProcessQueries
from services.queries.quality import QualityQueries
from services.queries.reports import ReportQueries
from services.queries.reviews import ReviewQueries
from services.queries.sent import SentQueries
from services.queries.shadow import ShadowQueries
from services.queries.signals import SignalQueries
from services.queries.stops import StopQueries
from services.queries.targets import TargetQueries
from services.queries.trust import TrustQueries
from services.rows.site import SiteRow


@dataclass(frozen=True, slots=True)
class Queries:
    """Reads, by section. Each checks the actor's permission and scope itself."""

    floor: FloorQueries
    predict: PredictQueries
    decide: DecideQueries
    policy: PolicyQueries
    admin: AdminQueries
    reports: ReportQueries
    oversight: OversightQueries
    quality: QualityQueries
    patterns: PatternQueries
    energy: EnergyQueries
    outcomes: OutcomeQueries
    alarms: AlarmQueries
    kpi: KpiQueries
    stops: StopQueries
    shadow: ShadowQueries
    trust: TrustQueries
    calendars: CalendarQueries
    targets: TargetQueries
    alarm_limits: AlarmLimitQueries
    reviews: ReviewQueries
    intake: IntakeQueries
    models: ModelQueries
    model_watch: ModelWatchQueries
    data_quality: DataQualityQueries
    signals: SignalQueries
    lots: LotQueries
    pictures: PictureQueries
    booked: BookedQueries
    plant: PlantQueries
    oddities: OddityQueries
    process: ProcessQueries
    sent: SentQueries


@dataclass(frozen=True, slots=True)
class Commands:
    """Acts. Each takes the actor first and checks permission and scope itself."""

    cases: CaseCommands
    accounts: AccountCommands
    explanations: ExplanationCommands
    reports: ReportCommands
    policy: PolicyCommands
    second_factor: SecondFactorCommands
    care: CareCommands
    stopping: StopCommands
    charts: ChartCommands
    handover: HandoverCommands
    energy: EnergyCommands
    outcomes: OutcomeCommands
    alarms: AlarmCommands
    figures: FigureCommands
    stops: MachineStopCommands
    drafts: DraftCommands
    calendars: CalendarCommands
    reviews: ReviewCommands
    roster: RosterCommands
    intake: IntakeCommands
    models: ModelCommands
    model_watch: ModelWatchCommands
    pictures: PictureCommands
    plant: PlantCommands
    process: ProcessCommands


@dataclass(frozen=True, slots=True)
class Desk:
    """One person at one site, for one run of a screen."""

    actor: Actor
    site: SiteRow
    clock: Clock
    queries: Queries
    commands: Commands

    @property
    def now_us(self) -> int:
        """Plant time now."""
        return self.clock.plant_us()

    def may(self, permission: Permission, equipment_id: str | None = None) -> bool:
        """For hiding what cannot be pressed; the command checks again."""
        return self.actor.may(permission, equipment_id)


def open_desk(context: Context, commands: Commands) -> Desk:
    """The desk of the context's actor."""
    queries = Queries(
        FloorQueries(context),
        PredictQueries(context),
        DecideQueries(context),
        PolicyQueries(context),
        AdminQueries(context),
        ReportQueries(context),
        OversightQueries(context),
        QualityQueries(context),
        PatternQueries(context),
        EnergyQueries(context),
        OutcomeQueries(context),
        AlarmQueries(context),
        KpiQueries(context),
        StopQueries(context),
        ShadowQueries(context),
        TrustQueries(context),
        CalendarQueries(context),
        TargetQueries(context),
        AlarmLimitQueries(context),
        ReviewQueries(context),
        IntakeQueries(context),
        ModelQueries(context),
        ModelWatchQueries(context),
        DataQualityQueries(context),
        SignalQueries(context),
        LotQueries(context),
        PictureQueries(context),
        BookedQueries(context),
        PlantQueries(context),
        OddityQueries(context),
        ProcessQueries(context),
        SentQueries(context),
    )
    return Desk(context.actor, context.site, context.clock, queries, commands)
