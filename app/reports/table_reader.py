"""Reads what the tables of the report show: targets, hosts, the platforms' own comparisons.

In: a session and its evidence. Out: sections of the report. Never here: SQL, layout, what a client sees.
"""

from app.insights.evidence import Evidence
from app.kpis.comparison.target_reader import read_targets
from app.kpis.comparison.targets import targets_document
from app.kpis.documents.render import Document, kpi_document
from app.kpis.reading.session_reader import SessionQuery
from app.kpis.windows.hosts import hosts_on
from app.reports.tables import benchmarks_section, hosts_section, targets_section
from app.storage.database import Connection


async def read_tables(connection: Connection, asked: SessionQuery, evidence: Evidence) -> dict[str, Document]:
    """Return the tables of targets, hosts and benchmarks that the session has."""
    targets = await read_targets(connection, asked.session)
    kpis = kpi_document(evidence.evaluation, evidence.figures, asked.language)
    found = {
        "targets": targets_section(targets_document(evidence.evaluation, targets), asked.language),
        "hosts": hosts_section(await hosts_on(connection, asked), asked.language),
        "benchmarks": benchmarks_section(kpis["benchmarks"], kpis, asked.language),
    }
    return {name: section for name, section in found.items() if section is not None}
