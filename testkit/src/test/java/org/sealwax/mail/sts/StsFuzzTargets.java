package org.sealwax.mail.sts;

import static org.sealwax.testkit.fuzz.FuzzTarget.holds;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.sealwax.testkit.fuzz.FuzzTarget;

/** Policies and records of any bytes: a named outcome that keeps its promises. */
public final class StsFuzzTargets {
  private StsFuzzTargets() {}

  /** All of them. */
  public static List<FuzzTarget> all() {
    return List.of(
        FuzzTarget.ofTexts(
            "sts-policy",
            StsFuzzTargets::policy,
            "version: STSv1\r\nmode: enforce\r\nmx: a.example\r\nmx: *.example\r\nmax_age: 9\r\n",
            "version: STSv1\nmode: none\nmax_age: 86400",
            "version:STSv1\nmode:testing\nmx:a.example\nmax_age:31557600\nx-unknown.1:"
                + " a \u00c3\u00bc b\n"),
        FuzzTarget.ofTexts(
            "sts-record",
            StsFuzzTargets::record,
            "v=STSv1; id=20160831085700Z;",
            "v=STSv1;id=a;x.y=z\nv=spf1 -all",
            "v=STSv1; id=a\nv=STSv1; id=b"));
  }

  private static void policy(byte[] input) {
    switch (StsPolicy.read(input)) {
      case StsPolicy.ParsedStsPolicy.StsPolicyFlaw f -> {
        holds(!f.why().isBlank(), "a flaw without words");
        holds(f.line() >= 0, "line " + f.line());
      }
      case StsPolicy.ParsedStsPolicy.ValidStsPolicy s -> {
        StsPolicy policy = s.policy();
        holds(input.length <= StsPolicy.MAX_SIZE, "too large");
        holds(!policy.maxAge().isNegative(), "max_age " + policy.maxAge());
        holds(policy.maxAge().compareTo(StsPolicy.MAX_AGE) <= 0, "max_age " + policy.maxAge());
        holds(policy.mode() == StsPolicy.Mode.NONE || !policy.mx().isEmpty(), "no mx");
        // What is kept is what was served, and reads the same when it comes from disk.
        byte[] kept = policy.text().getBytes(StandardCharsets.UTF_8);
        holds(java.util.Arrays.equals(kept, input), "the text changed");
        holds(StsPolicy.read(kept).equals(s), "reads otherwise the second time");
      }
    }
  }

  private static void record(byte[] input) {
    List<String> texts = List.of(new String(input, StandardCharsets.ISO_8859_1).split("\n", -1));
    if (StsRecord.read(texts) instanceof StsRecord.Announced a) {
      holds(a.id().matches("[A-Za-z0-9]{1,32}"), a.id());
      holds(
          texts.stream().filter(t -> t.startsWith(StsRecord.VERSION)).count() == 1,
          "not exactly one");
      List<String> more = new ArrayList<>(texts);
      more.add(StsRecord.VERSION);
      holds(StsRecord.read(more) instanceof StsRecord.Several, "a second one was overlooked");
    }
  }
}
