package org.sealwax.router.receipts;

import static org.sealwax.mail.fuzz.Target.holds;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.sealwax.mail.fuzz.Target;

/** Files of receipts from strangers: a report, and never an exception or a false "it holds". */
public final class ReceiptTargets {
  private static final byte[] GOOD = chain();

  private ReceiptTargets() {}

  private static byte[] chain() {
    StringBuilder out = new StringBuilder();
    Entry begin =
        Entry.after(Entry.ORIGIN, 1, "begin", Begin.members("2026-11-25T12:00:00Z", Entry.ORIGIN));
    out.append(begin.line());
    Entry entry = begin;
    for (int i = 2; i < 6; i++) {
      entry = Entry.after(entry.hash(), i, "receipt", new Json().text("to", "x" + i).toString());
      out.append(entry.line());
    }
    return out.toString().getBytes(StandardCharsets.UTF_8);
  }

  /** All of them. */
  public static List<Target> all() {
    return List.of(
        new Target(
            "receipts",
            List.of(GOOD),
            input -> {
              ReceiptCheck.Report report =
                  ReceiptCheck.verify("file", new ByteArrayInputStream(input));
              boolean whole = report.flaws().isEmpty() && !report.torn();
              if (whole && input.length == GOOD.length) {
                holds(java.util.Arrays.equals(input, GOOD), "a change of the same length passes");
              }
            }),
        Target.ofTexts(
            "receipt-line",
            input ->
                Entry.read(Target.text(input))
                    .ifPresent(
                        e -> {
                          Head.read(e).ifPresent(h -> h.holds(e, Entry.ORIGIN));
                          Begin.previous(e);
                          Begin.at(e);
                          Begin.count(e);
                          Entry again = Entry.read(e.line().stripTrailing()).orElse(e);
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
