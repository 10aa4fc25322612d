package org.sealwax.lab.cli;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.sealwax.lab.site.Lab;
import org.sealwax.lab.site.LabToken;

/** What a sender needs to be tested: addresses, trust, recipients; as text, files and variables. */
record SenderInstructions(Lab lab, LabToken token, Path folder) {
  private static final int SHOWN = 6;

  void write() throws IOException {
    Files.writeString(folder.resolve("ca.pem"), lab.rootPem());
    Files.writeString(folder.resolve("anchor"), String.join("\n", lab.anchors()) + "\n");
    Files.writeString(folder.resolve("recipients"), String.join("\n", token.recipients()) + "\n");
    Files.writeString(folder.resolve("sender"), token.sender() + "\n");
  }

  private String resolver() {
    InetSocketAddress at = lab.resolver();
    return at.getAddress().getHostAddress() + ":" + at.getPort();
  }

  /** For the command of {@code --exec}. */
  Map<String, String> variables() {
    Map<String, String> out = new LinkedHashMap<>();
    out.put("LAB_FOLDER", folder.toString());
    out.put("LAB_RESOLVER", resolver());
    out.put("LAB_ANCHOR", folder.resolve("anchor").toString());
    out.put("LAB_CA", folder.resolve("ca.pem").toString());
    out.put("LAB_RECIPIENTS", folder.resolve("recipients").toString());
    out.put("LAB_SENDER", token.sender());
    out.put("LAB_ZONE", token.zone());
    out.put("LAB_SMTP_PORT", "" + lab.settings().smtpPort());
    out.put("LAB_HTTPS_PORT", "" + lab.settings().httpsPort());
    return out;
  }

  String text() {
    StringBuilder out = new StringBuilder();
    out.append(
        "The lab is set up on this machine. It sends no mail itself. Send mail to it with the router under test.\n\n");
    out.append(
        "  resolver           "
            + resolver()
            + " (validates, sets AD; with CD it returns all records)\n");
    out.append("  trust anchor       " + folder.resolve("anchor") + "\n");
    lab.anchors().forEach(a -> out.append("                     " + a + "\n"));
    out.append("  trusted CA         " + folder.resolve("ca.pem") + "\n");
    out.append("  send from          " + token.sender() + "\n");
    out.append("  send to            " + folder.resolve("recipients") + "\n");
    token.recipients().stream()
        .limit(SHOWN)
        .forEach(r -> out.append("                     " + r + "\n"));
    if (token.recipients().size() > SHOWN) {
      out.append(
          "                     ... "
              + (token.recipients().size() - SHOWN)
              + " more; send one message to all, or one to each\n");
    }
    return out.append("\n").toString();
  }
}
