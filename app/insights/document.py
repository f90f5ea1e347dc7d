"""The insights document of the API.

In: ranked findings. Out: plain dicts, ready for JSON, each sentence in every language. Never here: rules, I/O.
"""

from collections.abc import Mapping, Sequence

from app.insights.finding import Finding
from app.insights.message_format import MessageFormatter
from app.kpis.documents.render import Document, local
from app.kpis.evaluation.evaluate import Evaluation
from app.labels.catalogue import LANGUAGES, Language, label


def sentence(finding: Finding, printer: MessageFormatter) -> str:
    """Return the text of a finding."""
    return label(f"insight.{finding.wording}", printer.language).format_map(finding.words(printer))


def insights_document(evaluation: Evaluation, findings: Sequence[Finding], names: Mapping[str, Mapping[str, str]]) -> Document:
    """Return the insights, ranked from 1."""
    head = evaluation.head
    printers: dict[Language, MessageFormatter] = {language: MessageFormatter(head, names, language) for language in LANGUAGES}
    return {
        "session": str(head.id),
        "status": evaluation.status.value,
        "as_of": local(evaluation.as_of, head.time_zone),
        "currency": head.currency,
        "insights": [
            {
                "code": finding.code,
                "rank": rank,
                "section": finding.section,
                "text": {language: sentence(finding, printer) for language, printer in printers.items()},
                "figures": dict(finding.figures),
                "evidence": list(finding.evidence),
            }
            for rank, finding in enumerate(findings, 1)
        ],
    }
