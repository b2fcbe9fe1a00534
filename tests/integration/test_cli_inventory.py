"""Stock levels by commands, without a running worker."""

from pathlib import Path

from embedded.temporal import TemporalServer
from tests.integration.cli_harness import both, shell_for


async def test_inventory_is_imported_listed_and_set(
    tmp_path: Path, database_url: str, temporal_server: TemporalServer
) -> None:
    shell = shell_for(tmp_path, database_url, temporal_server)
    file = shell.folder / "stock.csv"
    file.write_text("sku,name,unitPrice,unitsInStock\nA-1,Chai,1800,39\nA-2,\x1bBad,1800,x\n")
    refused = await shell.orders("inventory", "import", str(file))
    assert refused.code == 1
    assert "line 3, name: holds control characters" in refused.err
    assert "line 3, unitsInStock: must be a whole number" in refused.err
    file.write_text("sku,name,unitPrice,unitsInStock\nA-1,Chai,1800,39\nA-2,Chang,1900,17\n")
    assert (await shell.orders("inventory", "import", str(file), "--json")).document == {"imported": 2}
    assert (await shell.orders("inventory", "import", str(file))).out == "imported 2 SKUs\n"
    file.write_text("sku,name,unitPrice,unitsInStock\nA-1,Chai,1800,40\n")
    assert (await shell.orders("inventory", "import", str(file), "--reason", "counted")).out == "imported 1 SKU\n"
    entries = (await shell.orders("inventory", "adjustments", "--sku", "A-1", "--json")).document["adjustments"]
    assert [(each["kind"], each["change"], each["reason"]) for each in entries] == [
        ("import", 1, "counted"),
        ("import", 39, None),
    ]
    level = (await shell.orders("inventory", "set", "A-2", "5", "--json")).document
    assert level == {
        "sku": "A-2",
        "name": "Chang",
        "unitPrice": 1900,
        "available": 5,
        "reserved": 0,
        "created": False,
    }
    new = await shell.orders("inventory", "set", "A-3", "5", "--json")
    assert (new.document["created"], new.err) == (True, "created A-3: there was no such SKU\n")
    text, document = await both(shell, "inventory", "list", "--limit", "2")
    assert [level["sku"] for level in document["levels"]] == ["A-1", "A-2"]
    assert "Chang" in text
    assert document["after"] == "A-2"
