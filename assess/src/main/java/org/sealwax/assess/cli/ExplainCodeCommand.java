package org.sealwax.assess.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.GradeLetter;
import org.sealwax.assess.model.ReceiverRubric;
import org.sealwax.assess.model.Rubric;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.CommandFailed;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.Printable;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.net.CountText;

/** {@code sealwax explain --code}: what a finding of an assessment means. */
public final class ExplainCodeCommand {
  private final ProcessEnvironment around;

  public ExplainCodeCommand(ProcessEnvironment around) {
    this.around = around;
  }

  /** Explains the code of {@code --code}. */
  public int run(Arguments arguments) throws CommandFailed {
    String code = arguments.value("--code").orElseThrow();
    int slash = code.indexOf('/');
    String id = slash < 0 ? code : code.substring(0, slash);
    String aspect = slash < 0 ? "" : code.substring(slash + 1);
    Optional<Check> found = Check.find(id);
    if (found.isEmpty() || !(aspect.isEmpty() || found.get().aspects().contains(aspect))) {
      List<String> near = Check.all().stream().map(Check::id).filter(i -> near(i, id)).toList();
      throw new CommandFailed(ExitStatus.DATA, "there is no code " + Printable.of(code))
          .withHelp(
              near.isEmpty()
                  ? "sealwax assess DOMAIN --all shows the codes"
                  : String.join(", ", near));
    }
    around.out().print(text(found.get(), aspect));
    return ExitStatus.OK;
  }

  private static boolean near(String known, String asked) {
    String head = asked.length() < 3 ? asked : asked.substring(0, 3);
    return !head.isEmpty() && known.contains(head);
  }

  public static String text(Check check, String aspect) {
    StringBuilder out = new StringBuilder();
    out.append(check.id())
        .append(aspect.isEmpty() ? "" : "/" + aspect)
        .append("  ")
        .append(
            aspect.isEmpty() ? check.title() : check.headings().getOrDefault(aspect, check.title()))
        .append("\n\nwhy: ")
        .append(check.reason())
        .append('\n');
    List<Rubric.CapRule> caps =
        ReceiverRubric.rules().caps().stream()
            .filter(c -> c.check().equals(check.id()))
            .filter(c -> aspect.isEmpty() || c.aspect().isEmpty() || c.aspect().equals(aspect))
            .toList();
    for (Rubric.CapRule cap : caps) {
      out.append("grade: at best ")
          .append(cap.most().text())
          .append(" for ")
          .append(cap.reason())
          .append(cap.aspect().isEmpty() ? "" : " (" + check.id() + "/" + cap.aspect() + ")")
          .append('\n');
    }
    List<String> points = points(check);
    points.forEach(p -> out.append("grade: ").append(p).append('\n'));
    if (caps.isEmpty() && points.isEmpty()) {
      out.append("grade: no cap and no points; reported for ").append(plus(check)).append('\n');
    }
    if (!check.aspects().isEmpty()) {
      out.append("codes: ")
          .append(
              String.join(", ", check.aspects().stream().map(a -> check.id() + "/" + a).toList()))
          .append('\n');
    }
    check.sources().forEach(s -> out.append("source: ").append(s).append('\n'));
    out.append("help: ").append(check.advice().general()).append('\n');
    check
        .advice()
        .settings()
        .forEach(
            (router, lines) -> {
              out.append('\n').append(router).append('\n');
              lines.forEach(l -> out.append("    ").append(l).append('\n'));
            });
    return out.toString();
  }

  /** What it earns by itself, and what cannot be earned without it. */
  private static List<String> points(Check check) {
    List<String> points = new ArrayList<>();
    for (Rubric.ScoreCategory category : ReceiverRubric.rules().categories()) {
      for (Rubric.PointsRule rule : category.rules()) {
        if (rule.check().equals(check.id())) {
          points.add("up to " + CountText.of(rule.pass(), "point") + " in " + category.name());
        } else if (rule.without().equals(check.id())) {
          points.add(
              "without it none of the "
                  + rule.pass()
                  + " points of "
                  + rule.check()
                  + " in "
                  + category.name());
        }
      }
    }
    return points;
  }

  private static String plus(Check check) {
    return ReceiverRubric.rules().plus().stream().anyMatch(p -> p.check().equals(check.id()))
        ? GradeLetter.A_PLUS.text()
        : "information";
  }
}
