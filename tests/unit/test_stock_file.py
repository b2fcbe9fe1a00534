"""The CSV file of stock levels: its rows, and every fault with its place."""

from pathlib import Path

import pytest

from inventory.customs_columns import CustomsData
from inventory.stock_file import InvalidStockFile, StockRow, read_stock_csv

HEADER = "sku,name,unitPrice,unitsInStock"
CUSTOMS = "originCountry,hsCode,weightGrams,customsValue,customsCurrency"


class TestStockFile:
    def test_given_a_good_file_then_its_rows_come_in_order_whatever_the_column_order(self, tmp_path: Path) -> None:
        file = tmp_path / "stock.csv"
        file.write_bytes(
            '\ufeffunitsInStock,sku,name,unitPrice\r\n39,tea,"Tea, green",1800\r\n\r\n0,jam,,\r\n'.encode()
        )
        assert read_stock_csv(file) == [StockRow("tea", 39, "Tea, green", 1800), StockRow("jam", 0)]

    def test_given_many_faults_then_all_are_named_at_once_with_line_and_column(self) -> None:
        text = (
            "sku,name,unitPrice,unitsInStock\ntea,Tea,18.00,-1\nmilk,M,1,2\n,x,1,\n"
            "milk,M,1,2,3\nmilk,M,1,9223372036854775808\n"
        )
        with pytest.raises(InvalidStockFile) as refusal:
            read_stock_csv(text)
        assert [(fault.line, fault.column) for fault in refusal.value.faults] == [
            (2, "unitPrice"),
            (2, "unitsInStock"),
            (4, "sku"),
            (4, "unitsInStock"),
            (5, None),
            (6, "sku"),
            (6, "unitsInStock"),
        ]
        assert "line 6, sku: 'milk' is already on line 3" in str(refusal.value)

    def test_given_a_quoted_line_break_then_later_faults_name_the_line_of_the_file(self) -> None:
        text = 'sku,name,unitPrice,unitsInStock\ntea,"T\nea",1,1\nmilk,M,x,1\n'
        with pytest.raises(InvalidStockFile) as refusal:
            read_stock_csv(text)
        assert [(fault.line, fault.column) for fault in refusal.value.faults] == [(2, "name"), (4, "unitPrice")]

    @pytest.mark.parametrize(
        ("text", "place"),
        [
            ("", (1, "sku")),
            ("sku,name,unitPrice\n", (1, "unitsInStock")),
            ("sku,sku,name,unitPrice,unitsInStock\n", (1, "sku")),
            ("sku,name,unitPrice,unitsInStock,colour\n", (1, "'colour'")),
            ('sku,name,unitPrice,unitsInStock\ntea,"Tea,1,1\n', (2, None)),
        ],
        ids=["empty", "missing column", "column twice", "unknown column", "open quote"],
    )
    def test_given_a_file_that_is_no_stock_file_then_the_place_is_named(
        self, text: str, place: tuple[int, str | None]
    ) -> None:
        with pytest.raises(InvalidStockFile) as refusal:
            read_stock_csv(text)
        assert (refusal.value.faults[0].line, refusal.value.faults[0].column) == place

    def test_given_a_file_in_another_encoding_then_the_line_is_named(self, tmp_path: Path) -> None:
        file = tmp_path / "stock.csv"
        file.write_bytes("sku,name,unitPrice,unitsInStock\ntea,Thé,1,1\n".encode("latin-1"))
        with pytest.raises(InvalidStockFile, match="line 2: is not UTF-8"):
            read_stock_csv(file)

    def test_given_customs_columns_then_each_may_be_empty_or_absent(self) -> None:
        rows = read_stock_csv(f"{HEADER},{CUSTOMS}\ntea,Tea,1,5,Japan,0902.10,200,1200,EUR\njam,Jam,1,5,,,,,\n")
        assert [row.customs for row in rows] == [CustomsData("JP", "0902.10", 200, 1200, "EUR"), CustomsData()]
        assert read_stock_csv(f"{HEADER},hsCode\ntea,Tea,1,5,0902.10\n")[0].customs == CustomsData(hs_code="0902.10")

    def test_given_faulty_customs_data_then_every_column_is_named(self) -> None:
        with pytest.raises(InvalidStockFile) as refusal:
            read_stock_csv(f"{HEADER},{CUSTOMS}\ntea,Tea,1,5,Atlantis,tea,0,1.5,Euro\njam,Jam,1,5,,,,5,\n")
        assert [(fault.line, fault.column) for fault in refusal.value.faults] == [
            (2, "originCountry"),
            (2, "hsCode"),
            (2, "weightGrams"),
            (2, "customsValue"),
            (2, "customsCurrency"),
            (3, "customsCurrency"),
        ]

    def test_given_a_customs_column_twice_then_it_is_refused(self) -> None:
        with pytest.raises(InvalidStockFile, match="hsCode"):
            read_stock_csv(f"{HEADER},hsCode,hsCode\ntea,Tea,1,5,0902.10,0902.10\n")

    def test_given_rows_that_cannot_be_read_then_the_faults_of_all_other_rows_are_named_too(self) -> None:
        rows = (b"tea,Tea,x,1", b"th\xe9,T,1,1", b'jam,"J"am,1,1', b"milk,M,1,-1", b"pie,\xff,1,1", b'egg,"Egg,1,1')
        with pytest.raises(InvalidStockFile) as refusal:
            read_stock_csv(b"\n".join((b"sku,name,unitPrice,unitsInStock", *rows)))
        found = [(fault.line, fault.column, fault.problem[:11]) for fault in refusal.value.faults]
        assert found == [
            (2, "unitPrice", "must be a w"),
            (3, None, "is not UTF-"),
            (4, None, "is not CSV:"),
            (5, "unitsInStock", "must be a w"),
            (6, None, "is not UTF-"),
            (7, None, "is not CSV:"),
        ]

    def test_given_skus_then_their_rule_is_that_of_an_order(self) -> None:
        header = "sku,name,unitPrice,unitsInStock\n"
        assert read_stock_csv(header + "tea 2 kg,,,1\n") == [StockRow("tea 2 kg", 1)]
        assert read_stock_csv(header + "tea,\u3164,,1\n") == [StockRow("tea", 1)]
        for sku in ("a\u00a0b", "\u3164", "\u200b", "x" * 129):
            with pytest.raises(InvalidStockFile, match="line 2, sku: must "):
                read_stock_csv(f"{header}{sku},,,1\n")
