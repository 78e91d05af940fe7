-- Notebook Markdown on its way to Typst: exhibits take their places, formulae get alternative text, HTML becomes text.

local titled_level = 2 -- the title (level 1) stands on the cover: sections of level 2 become Typst's level 1

local function typst_string(text)
  return '"' .. text:gsub('[\\"]', '\\%0'):gsub('%s+', ' ') .. '"'
end

function CodeBlock(block)
  if block.classes[1] == 'evaluation-exhibit' then
    return pandoc.RawBlock('typst', '#exhibit(' .. math.tointeger(block.text) .. ')')
  end
end

function Header(header)
  header.level = math.max(1, header.level - titled_level + 1)
  return header
end

function Math(formula)
  local typst = pandoc.write(pandoc.Pandoc({ pandoc.Plain({ formula }) }), 'typst'):gsub('%s+$', '')
  if not typst:match('^%$.*%$$') then
    error('formula not understood: ' .. formula.text)
  end
  local alternative = typst_string(formula.text:gsub('^%s+', ''):gsub('%s+$', ''))
  return pandoc.RawInline('typst', '#[#set math.equation(alt: ' .. alternative .. ');' .. typst .. ']')
end

-- an address relative to the page leads nowhere from a PDF; `#fig-…` and `#tbl-…` are known to exist
function Link(link)
  if link.target:match('^https?:') or link.target:match('^mailto:') or link.target:match('^#fig%-') or link.target:match('^#tbl%-') then
    return link
  end
  return link.content
end

function Image(image)
  error('image in the text: ' .. image.src)
end

function RawInline(raw)
  return pandoc.Str(raw.text)
end

function RawBlock(raw)
  return pandoc.Para({ pandoc.Str(raw.text) })
end

-- a section that held only code has nothing to say on paper
function Pandoc(document)
  local kept, following = pandoc.List(), 1
  for position = #document.blocks, 1, -1 do
    local block = document.blocks[position]
    local level = block.t == 'Header' and block.level or math.huge
    if level < following or level == math.huge then
      kept:insert(1, block)
      following = level
    end
  end
  document.blocks = kept
  return document
end
