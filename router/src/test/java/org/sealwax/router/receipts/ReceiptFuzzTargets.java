package org.sealwax.router.receipts;

import static org.sealwax.testkit.fuzz.FuzzTarget.holds;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import org.sealwax.testkit.fuzz.FuzzTarget;

/** Hostile files of receipts: a report, and never an exception or a false "it holds". */
public final class ReceiptFuzzTargets {
  private static final byte[] GOOD = chain();

  private ReceiptFuzzTargets() {}

  private static byte[] chain() {
    StringBuilder out = new StringBuilder();
    ReceiptLine begin =
        ReceiptLine.after(
            ReceiptLine.ORIGIN,
            1,
            "begin",
            ReceiptLine.beginning(Instant.parse("2026-11-25T12:00:00Z"), ReceiptLine.ORIGIN));
    out.append(begin.line());
    ReceiptLine entry = begin;
    for (int i = 2; i < 6; i++) {
      entry =
          ReceiptLine.after(entry.hash(), i, "receipt", ReceiptLine.members().text("to", "x" + i));
      out.append(entry.line());
    }
    return out.toString().getBytes(StandardCharsets.UTF_8);
  }

  /** All of them. */
  public static List<FuzzTarget> all() {
    return List.of(
        new FuzzTarget(
            "receipts",
            List.of(GOOD),
            input -> {
              ReceiptVerifier.ReceiptReport report =
                  ReceiptVerifier.verify("file", new ByteArrayInputStream(input));
              boolean whole = report.flaws().isEmpty() && !report.torn();
              if (whole && input.length == GOOD.length) {
                holds(java.util.Arrays.equals(input, GOOD), "a change of the same length passes");
              }
            }),
        FuzzTarget.ofTexts(
            "receipt-line",
            input ->
                ReceiptLine.read(FuzzTarget.text(input))
                    .ifPresent(
                        e -> {
                          SignedHead.read(e).ifPresent(h -> h.matches(e, ReceiptLine.ORIGIN));
                          e.beginsAfter();
                          e.beginsAt();
                          holds(e.lost() >= 0, "fewer than none");
                          ReceiptLine again = ReceiptLine.read(e.line().stripTrailing()).orElse(e);
                          holds(again.equals(e), "changes");
                        }),
            new String(GOOD, StandardCharsets.UTF_8).lines().findFirst().orElse(""),
            "0".repeat(64)
                + " {\"n\":2,\"kind\":\"head\",\"at\":\"x\",\"before\":\""
                + "0".repeat(64)
                + "\",\"key\":\"AAAA\",\"signature\":\"AAAA\"}",
            "0".repeat(64) + " {\"n\":2,\"kind\":\"lost\",\"count\":7}"));
  }
}
