package org.sealwax.app;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.sealwax.app.ControlServer.Json;
import org.sealwax.app.ControlServer.Refusal;
import org.sealwax.assess.Advice;
import org.sealwax.assess.Check;
import org.sealwax.assess.Letter;
import org.sealwax.assess.ReceiverRubric;
import org.sealwax.assess.Rubric;
import org.sealwax.config.Settings;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@code sealwax explain}: what a finding means ({@code --code}), or how mail to a domain, or of a
 * queued message, is treated and why.
 */
final class ExplainCommand {
  private final Surroundings around;

  ExplainCommand(Surroundings around) {
    this.around = around;
  }

  /** Whether the configuration is needed. */
  static boolean isAboutDelivery(Arguments arguments) {
    return arguments.value("--code").isEmpty() || arguments.has("--what-if");
  }

  /** How mail would be treated: by the running server, or without one by what is on disk. */
  int delivery(Arguments arguments, Settings settings)
      throws Arguments.Misuse, IOException, Refusal {
    Optional<String> message = arguments.value("--message");
    List<String> operands = arguments.operands();
    if (message.isPresent() == (operands.size() == 1) || operands.size() > 1) {
      throw new Arguments.Misuse("name one domain, or --message ID, or --code CODE");
    }
    ObjectNode request = ControlClient.request("explain");
    message.ifPresent(id -> request.put("id", id));
    operands.forEach(d -> request.put("domain", d));
    request.put("probe", arguments.has("--probe"));
    JsonNode answer = ask(request, settings, message.isPresent());
    if (arguments.has("--json")) {
      around
          .out()
          .println(
              Json.MAPPER
                  .writer()
                  .with(SerializationFeature.INDENT_OUTPUT)
                  .writeValueAsString(answer));
    } else {
      around.out().print(ExplainText.of(answer));
    }
    return Exit.OK;
  }

  private JsonNode ask(ObjectNode request, Settings settings, boolean needsServer)
      throws IOException, Refusal {
    try (ControlClient client = ControlClient.open(settings.server().state())) {
      return client.ask(request);
    } catch (ControlClient.NotRunning e) {
      if (needsServer) {
        throw e;
      }
      around
          .err()
          .println("sealwax: no server runs here: this is what is on disk and in the DNS now");
      try (Alone alone = new Alone(settings)) {
        return Desk.explain(alone.explainer(), request, alone.now());
      }
    }
  }

  /** As help and the manual show it. */
  static Subcommand subcommand() {
    return new Subcommand(
        "explain",
        "[DOMAIN]",
        "say how mail to a domain is treated and why, or what a finding means",
        "With a domain: every source of policy (configuration, DANE, MTA-STS, ledger) with its value,"
            + " age and next refresh, and for each MX host what is demanded, from which evidence, and"
            + " the rungs of the ladder. Asks the running server, whose ledger and policies are the"
            + " real ones; without one it reads what is on disk. With --what-if FILE it replays the last 32"
            + " connections to each host that the ledger remembers under the configuration FILE, and"
            + " lists the domains, and the messages now in the queue, that would have been delayed or"
            + " gone in clear text, against the configuration in force. With --code it explains a code of a"
            + " report: what is looked at, why it matters, how it counts, and the settings of each"
            + " mail router.",
        List.of(
            new Subcommand.Option(
                "--probe", null, "make one connection to each host; no mail is sent"),
            new Subcommand.Option(
                "--message", "ID", "for a message in the queue, with what it demands itself"),
            new Subcommand.Option(
                "--what-if",
                "FILE",
                "replay the remembered connections under another configuration"),
            new Subcommand.Option("--json", null, "print JSON"),
            new Subcommand.Option("--code", "CODE", "a code, tls10 or kex.dh/export")),
        false);
  }

  int run(Arguments arguments) throws Arguments.Misuse {
    Optional<String> code = arguments.value("--code");
    if (code.isEmpty()) {
      throw new Arguments.Misuse("name a code: sealwax explain --code tls10");
    }
    return code(code.get());
  }

  private int code(String code) {
    int slash = code.indexOf('/');
    String id = slash < 0 ? code : code.substring(0, slash);
    String aspect = slash < 0 ? "" : code.substring(slash + 1);
    Optional<Check> found = Check.find(id);
    if (found.isEmpty() || !(aspect.isEmpty() || found.get().aspects().contains(aspect))) {
      around.err().println("sealwax: no code " + Printable.of(code));
      List<String> near = Check.all().stream().map(Check::id).filter(i -> near(i, id)).toList();
      if (!near.isEmpty()) {
        around.err().println("help: " + String.join(", ", near));
      }
      return Exit.DATA;
    }
    around.out().print(text(found.get(), aspect));
    return Exit.OK;
  }

  private static boolean near(String known, String asked) {
    String head = asked.length() < 3 ? asked : asked.substring(0, 3);
    return !head.isEmpty() && known.contains(head);
  }

  static String text(Check check, String aspect) {
    StringBuilder out = new StringBuilder();
    out.append(check.id())
        .append(aspect.isEmpty() ? "" : "/" + aspect)
        .append("  ")
        .append(check.title())
        .append("\n\nwhy: ")
        .append(check.why())
        .append('\n');
    List<Rubric.CapRow> caps =
        ReceiverRubric.rules().caps().stream()
            .filter(c -> c.check().equals(check.id()))
            .filter(c -> aspect.isEmpty() || c.aspect().isEmpty() || c.aspect().equals(aspect))
            .toList();
    for (Rubric.CapRow cap : caps) {
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
    Advice advice = check.advice();
    out.append("help: ").append(advice.general()).append('\n');
    lines(out, "Postfix", advice.postfix());
    lines(out, "Exim", advice.exim());
    lines(out, "OpenSMTPD", advice.opensmtpd());
    lines(out, "Sealwax", advice.sealwax());
    return out.toString();
  }

  /** What it earns by itself, and what cannot be earned without it. */
  private static List<String> points(Check check) {
    List<String> points = new ArrayList<>();
    for (Rubric.Category category : ReceiverRubric.rules().categories()) {
      for (Rubric.Row row : category.rows()) {
        if (row.check().equals(check.id())) {
          points.add("up to " + row.pass() + " points in " + category.name());
        } else if (row.without().equals(check.id())) {
          points.add(
              "without it none of the "
                  + row.pass()
                  + " points of "
                  + row.check()
                  + " in "
                  + category.name());
        }
      }
    }
    return points;
  }

  private static String plus(Check check) {
    return ReceiverRubric.rules().plus().stream().anyMatch(p -> p.check().equals(check.id()))
        ? Letter.A_PLUS.text()
        : "information";
  }

  private static void lines(StringBuilder out, String router, List<String> lines) {
    if (!lines.isEmpty()) {
      out.append('\n').append(router).append('\n');
      lines.forEach(l -> out.append("    ").append(l).append('\n'));
    }
  }
}
