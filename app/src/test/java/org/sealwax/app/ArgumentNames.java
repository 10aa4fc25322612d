package org.sealwax.app;

import com.sun.source.tree.BinaryTree;
import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.ExpressionTree;
import com.sun.source.tree.IdentifierTree;
import com.sun.source.tree.LiteralTree;
import com.sun.source.tree.MemberReferenceTree;
import com.sun.source.tree.MemberSelectTree;
import com.sun.source.tree.MethodInvocationTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.NewClassTree;
import com.sun.source.tree.ParameterizedTypeTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreeScanner;
import com.sun.source.util.Trees;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaCodeUnitAccess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.jspecify.annotations.Nullable;

/**
 * What the source of the program writes as arguments of its calls, and how it names the parameters.
 * The files are parsed, not compiled: byte code shows which method is called on a line.
 */
final class ArgumentNames {
  /** What an argument looks like. */
  enum Form {
    /** Digits, perhaps with dots: {@code 25}, {@code "4.3.2"}. */
    NUMBER,
    /** Text without a space, or a constant in capitals: {@code "timeout"}, {@code TIMEOUT}. */
    WORD,
    /** Text with a space: {@code "host is too slow"}. */
    SENTENCE,
    /** Anything else: it has another value at each call. */
    EXPRESSION
  }

  /**
   * One argument of a call.
   *
   * @param text as it is written
   * @param form what it looks like
   * @param names the variables, fields and methods in it, each as its words
   * @param whole the words of the argument, if it is a variable, a field or a method without
   *     arguments; else empty
   */
  record Argument(String text, Form form, Set<List<String>> names, List<String> whole) {
    /** Is nothing but a variable, field or method with the name of a parameter. */
    boolean is(List<String> parameter) {
      return whole.equals(parameter) && form == Form.EXPRESSION;
    }

    /** Contains a variable, field or method with the words of a parameter. */
    boolean mentions(List<String> parameter) {
      return names.stream().anyMatch(n -> Collections.indexOfSubList(n, parameter) >= 0);
    }
  }

  /** A call of a method or constructor, by its simple name. */
  record Call(String file, long first, long last, String name, List<Argument> arguments) {
    /** File and line. */
    String place() {
      return file + ":" + first;
    }

    private boolean isOn(long line) {
      return first <= line && line <= last;
    }
  }

  /** What the parameters of a method or of a record are looked up by. */
  private record Declaration(String type, String name, int parameters) {}

  private final Map<String, List<Call>> calls = new HashMap<>();
  private final Map<Declaration, List<List<VariableTree>>> declarations = new HashMap<>();

  /** Parses the files below {@code src/main/java} of every module. */
  static ArgumentNames ofProgram() throws IOException {
    var compiler = ToolProvider.getSystemJavaCompiler();
    ArgumentNames out = new ArgumentNames();
    try (var files = compiler.getStandardFileManager(null, null, null)) {
      var sources = files.getJavaFileObjectsFromPaths(sources());
      var task = (JavacTask) compiler.getTask(null, files, null, null, null, sources);
      Trees trees = Trees.instance(task);
      for (CompilationUnitTree file : task.parse()) {
        out.new FileReader(file, trees).scan(file, null);
      }
    }
    return out;
  }

  private static List<Path> sources() throws IOException {
    List<Path> out = new ArrayList<>();
    for (String module : List.of("mail", "testkit", "router", "assess", "lab", "app")) {
      try (Stream<Path> below = Files.walk(Path.of(module, "src/main/java"))) {
        below.filter(p -> p.toString().endsWith(".java")).forEach(out::add);
      }
    }
    return out;
  }

  /**
   * The calls in the source that this one can be: those on its line; for a constructor, which byte
   * code gives the line of its statement, all in its file.
   */
  List<Call> calls(JavaCodeUnitAccess<?> call, JavaCodeUnit called) {
    List<JavaClass> types = types(called);
    boolean variable = types.getLast().isArray();
    boolean constructor = called.getName().equals("<init>");
    return calls.getOrDefault(file(call.getOriginOwner()), List.of()).stream()
        .filter(c -> c.name().equals(simpleName(called)))
        .filter(c -> constructor || c.isOn(call.getLineNumber()))
        .filter(
            c ->
                c.arguments().size() == types.size()
                    || (variable && c.arguments().size() >= types.size() - 1))
        .toList();
  }

  /** The names of the parameters, each as its words; empty if the source has no declaration. */
  List<List<String>> parameters(JavaCodeUnit unit) {
    List<String> types = types(unit).stream().map(JavaClass::getSimpleName).toList();
    var declared = new Declaration(typeName(unit.getOwner()), simpleName(unit), types.size());
    return declarations.getOrDefault(declared, List.of()).stream()
        .max((a, b) -> Integer.compare(common(a, types), common(b, types)))
        .map(p -> p.stream().map(v -> words(v.getName().toString())).toList())
        .orElse(List.of());
  }

  /** The types of its parameters in the source: byte code adds the object around an inner one. */
  static List<JavaClass> types(JavaCodeUnit unit) {
    List<JavaClass> all = unit.getRawParameterTypes();
    boolean inner = unit.getName().equals("<init>") && unit.getOwner().isInnerClass();
    return inner && !all.isEmpty() ? all.subList(1, all.size()) : all;
  }

  /** How many parameters have these types. */
  private static int common(List<VariableTree> parameters, List<String> types) {
    int out = 0;
    for (int i = 0; i < types.size(); i++) {
      out += lastName(parameters.get(i).getType()).equals(types.get(i)) ? 1 : 0;
    }
    return out;
  }

  private static String file(JavaClass c) {
    return c.getPackageName() + "/" + c.getSource().flatMap(s -> s.getFileName()).orElse("");
  }

  private static String simpleName(JavaCodeUnit unit) {
    return unit.getName().equals("<init>") ? unit.getOwner().getSimpleName() : unit.getName();
  }

  private static String typeName(JavaClass c) {
    return c.getName().replace('$', '.');
  }

  private static String lastName(@Nullable Tree tree) {
    return switch (tree) {
      case IdentifierTree i -> i.getName().toString();
      case MemberSelectTree m -> m.getIdentifier().toString();
      case ParameterizedTypeTree p -> lastName(p.getType());
      case null -> "";
      default -> tree.toString();
    };
  }

  private static List<String> words(String name) {
    return List.of(
        name.replaceAll("([a-z0-9])([A-Z])", "$1_$2").toLowerCase(Locale.ROOT).split("_"));
  }

  private static List<String> whole(ExpressionTree argument) {
    return switch (argument) {
      case IdentifierTree i -> words(i.getName().toString());
      case MemberSelectTree m -> words(m.getIdentifier().toString());
      case MethodInvocationTree c when c.getArguments().isEmpty() ->
          words(lastName(c.getMethodSelect()));
      default -> List.of();
    };
  }

  private static Form form(ExpressionTree argument) {
    return switch (argument) {
      case LiteralTree l -> form(String.valueOf(l.getValue()));
      case IdentifierTree i when isInCapitals(i.getName().toString()) -> Form.WORD;
      case MemberSelectTree m when isInCapitals(m.getIdentifier().toString()) -> Form.WORD;
      case BinaryTree b when b.getKind() == Tree.Kind.PLUS -> form(b);
      default -> Form.EXPRESSION;
    };
  }

  /** A text that is put together: a sentence or a word by the parts that are written there. */
  private static Form form(BinaryTree sum) {
    Form left = form(sum.getLeftOperand());
    Form right = form(sum.getRightOperand());
    return left == Form.SENTENCE || right == Form.SENTENCE
        ? Form.SENTENCE
        : left == Form.WORD || right == Form.WORD ? Form.WORD : Form.EXPRESSION;
  }

  private static Form form(String literal) {
    if (literal.matches("[0-9]+([.][0-9]+)*")) {
      return Form.NUMBER;
    }
    return literal.contains(" ") ? Form.SENTENCE : Form.WORD;
  }

  private static boolean isInCapitals(String name) {
    return name.equals(name.toUpperCase(Locale.ROOT));
  }

  private final class FileReader extends TreeScanner<Void, @Nullable String> {
    private final CompilationUnitTree file;
    private final Trees trees;
    private final String packageName;
    private final String fileName;

    FileReader(CompilationUnitTree file, Trees trees) {
      this.file = file;
      this.trees = trees;
      packageName = String.valueOf(file.getPackageName());
      fileName = packageName + "/" + Path.of(file.getSourceFile().getName()).getFileName();
    }

    @Override
    public Void visitClass(ClassTree type, @Nullable String outer) {
      String name = (outer == null ? packageName : outer) + "." + type.getSimpleName();
      if (type.getKind() == Tree.Kind.RECORD) {
        List<VariableTree> components =
            type.getMembers().stream()
                .filter(
                    m ->
                        m instanceof VariableTree v
                            && !v.getModifiers().toString().contains("static"))
                .map(VariableTree.class::cast)
                .toList();
        declare(
            new Declaration(name, type.getSimpleName().toString(), components.size()), components);
      }
      return super.visitClass(type, name);
    }

    @Override
    public Void visitMethod(MethodTree method, @Nullable String type) {
      String name = method.getName().toString();
      if (type != null && name.equals("<init>")) {
        name = type.substring(type.lastIndexOf('.') + 1);
      }
      var parameters = method.getParameters();
      declare(
          new Declaration(String.valueOf(type), name, parameters.size()), List.copyOf(parameters));
      return super.visitMethod(method, type);
    }

    private void declare(Declaration declaration, List<VariableTree> parameters) {
      declarations.computeIfAbsent(declaration, d -> new ArrayList<>()).add(parameters);
    }

    @Override
    public Void visitMethodInvocation(MethodInvocationTree call, @Nullable String type) {
      String name = lastName(call.getMethodSelect());
      if (type != null && name.equals("this")) {
        name = type.substring(type.lastIndexOf('.') + 1);
      }
      called(name, call, call.getArguments());
      return super.visitMethodInvocation(call, type);
    }

    @Override
    public Void visitNewClass(NewClassTree call, @Nullable String type) {
      called(lastName(call.getIdentifier()), call, call.getArguments());
      return super.visitNewClass(call, type);
    }

    private void called(String name, Tree call, List<? extends ExpressionTree> arguments) {
      List<Argument> out = new ArrayList<>();
      for (ExpressionTree argument : arguments) {
        Set<List<String>> names = new HashSet<>();
        new Names().scan(argument, names);
        names.add(whole(argument));
        out.add(new Argument(argument.toString(), form(argument), names, whole(argument)));
      }
      long first = line(trees.getSourcePositions().getStartPosition(file, call));
      long last = line(trees.getSourcePositions().getEndPosition(file, call));
      calls
          .computeIfAbsent(fileName, f -> new ArrayList<>())
          .add(new Call(fileName, first, last, name, out));
    }

    private long line(long position) {
      return file.getLineMap().getLineNumber(position);
    }
  }

  /** Collects what an expression names, without types of generics and constants. */
  private static final class Names extends TreeScanner<Void, Set<List<String>>> {
    @Override
    public Void visitIdentifier(IdentifierTree tree, Set<List<String>> names) {
      String name = tree.getName().toString();
      if (!isInCapitals(name)) {
        names.add(words(name));
      }
      return null;
    }

    @Override
    public Void visitMemberReference(MemberReferenceTree tree, Set<List<String>> names) {
      names.add(words(tree.getName().toString()));
      return super.visitMemberReference(tree, names);
    }

    @Override
    public Void visitMemberSelect(MemberSelectTree tree, Set<List<String>> names) {
      String name = tree.getIdentifier().toString();
      if (!isInCapitals(name)) {
        names.add(words(name));
      }
      return super.visitMemberSelect(tree, names);
    }
  }
}
