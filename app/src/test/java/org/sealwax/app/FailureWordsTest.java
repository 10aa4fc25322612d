package org.sealwax.app;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import java.io.IOException;
import java.sql.SQLException;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * The words of the JDK and of SQLite for a failure of a file, a connection or a database are not
 * shown: {@code FailureText} writes it in ours, and nothing else reads the message of such an
 * exception. Exceptions of our own have our words.
 */
final class FailureWordsTest {
  /** Classes that look for something in the message without showing it, and why. */
  private static final Map<String, String> READERS =
      Map.of(
          "org.sealwax.router.wiring.StartFailure", "tells a port in use from one that is reserved",
          "org.sealwax.mail.dns.live.Upstream", "tells an exception without a message",
          "org.sealwax.assess.tlsclient.ScanTlsClient", "tells the alert",
          "org.sealwax.lab.site.TrapSession", "an event of the lab, for the judge",
          "org.sealwax.lab.site.PolicyHostServer", "an event of the lab, for the judge");

  private static boolean isForeign(JavaClass owner) {
    return !owner.getName().startsWith("org.sealwax.")
        && (owner.isAssignableTo(IOException.class) || owner.isAssignableTo(SQLException.class));
  }

  @Test
  void onlyOneClassShowsTheMessageOfAForeignFailure() {
    Set<String> wrong = new TreeSet<>();
    for (JavaClass c : ArchitectureTest.mainClasses()) {
      if (c.getName().startsWith("org.sealwax.testkit.")) {
        continue;
      }
      for (JavaMethodCall call : c.getMethodCallsFromSelf()) {
        String origin = call.getOriginOwner().getName().replaceAll("\\$.*", "");
        if (Set.of("getMessage", "getLocalizedMessage").contains(call.getName())
            && isForeign(call.getTargetOwner())
            && !READERS.containsKey(origin)) {
          wrong.add(origin + ":" + call.getLineNumber());
        }
      }
    }
    assertEquals(Set.of(), wrong);
  }
}
