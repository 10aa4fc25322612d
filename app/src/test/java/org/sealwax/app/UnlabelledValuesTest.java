package org.sealwax.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaCodeUnitAccess;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * No two values of one type without meaning can be swapped unnoticed. A method or constructor of
 * the program with two parameters of the same type among {@link #SAYING_NOTHING} is called from one
 * place of the program at most: there its arguments are read next to their names once, and no other
 * caller can mix them up. Everything else takes value types, or a record that is built in one
 * place.
 *
 * <p>What is left from before is in {@link #REMAINING}, which may only shrink: {@code
 * -Dsealwax.bless=true} rewrites it after a rename, within {@link #MOST}. Calls by the JDK and by
 * tests are not seen.
 */
final class UnlabelledValuesTest {
  private static final Set<String> SAYING_NOTHING =
      Set.of("java.lang.String", "int", "long", "boolean", "double", "java.time.Duration");

  /** Offset and length or end after an array of bytes, as the JDK has them. */
  private static final List<String> RANGE = List.of("int", "int");

  /** The smaller of two: no exchange is wrong. */
  private static final String SYMMETRIC = ".least(Duration, Duration)";

  /** Lower it with the list. */
  private static final int MOST = 210;

  private static final Path REMAINING = Path.of("app/src/test/resources/unlabelled-values.txt");

  /** Methods whose values may change places, and which more than one place calls. */
  private static Set<String> found() {
    Map<JavaCodeUnit, Set<String>> places = new HashMap<>();
    for (JavaClass c :
        new ClassFileImporter().importPackages("org.sealwax").that(ArchitectureTest.inMain())) {
      for (JavaCodeUnitAccess<?> access : c.getCodeUnitAccessesFromSelf()) {
        JavaCodeUnit unit = (JavaCodeUnit) access.getTarget().resolveMember().orElse(null);
        if (unit != null && unlabelled(unit)) {
          places
              .computeIfAbsent(unit, u -> new TreeSet<>())
              .add(access.getOrigin().getFullName() + ":" + access.getLineNumber());
        }
      }
    }
    return places.entrySet().stream()
        .filter(e -> e.getValue().size() > 1)
        .map(e -> name(e.getKey()))
        .filter(name -> !name.endsWith(SYMMETRIC))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static boolean unlabelled(JavaCodeUnit unit) {
    List<String> all = unit.getRawParameterTypes().stream().map(JavaClass::getName).toList();
    List<String> types = new ArrayList<>(all);
    int array = all.indexOf("[B");
    if (array >= 0 && all.size() > array + 2 && all.subList(array + 1, array + 3).equals(RANGE)) {
      types.subList(array + 1, array + 3).clear();
    }
    types.retainAll(SAYING_NOTHING);
    boolean constant = unit.getOwner().isEnum() && unit.getName().equals("<init>");
    return unit.getOwner().getName().startsWith("org.sealwax.")
        && !constant
        && types.size() > Set.copyOf(types).size();
  }

  private static String name(JavaCodeUnit unit) {
    String owner = unit.getOwner().getName().replace("org.sealwax.", "");
    return owner
        + "."
        + unit.getName().replace("<init>", "new")
        + unit.getRawParameterTypes().stream()
            .map(JavaClass::getSimpleName)
            .collect(Collectors.joining(", ", "(", ")"));
  }

  @Test
  void noTwoValuesOfATypeThatSaysNothingArePassedFromTwoPlaces() throws IOException {
    Set<String> found = found();
    Set<String> remaining = new TreeSet<>(Files.readAllLines(REMAINING));
    assertTrue(found.size() <= MOST, found.size() + " are left; " + MOST + " were");
    if (Boolean.getBoolean("sealwax.bless")) {
      Files.write(REMAINING, found);
      return;
    }
    Set<String> fresh = new TreeSet<>(found);
    fresh.removeAll(remaining);
    assertEquals(Set.of(), fresh, "use value types, or a record that is built in one place");
    remaining.removeAll(found);
    assertEquals(Set.of(), remaining, "no longer needed in " + REMAINING);
  }
}
